import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SOURCE_ROOT = fileURLToPath(new URL('../../src', import.meta.url));

export interface SourceFile {
  /** Path below src, with forward slashes. */
  readonly path: string;
  /** First folder below src, or the name of a file that lies in src itself. */
  readonly area: string;
  readonly text: string;
  /** Paths below src that it imports by relative specifiers, types included. */
  readonly imports: readonly string[];
}

const IMPORT =
  /^\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/gm;

/** Every TypeScript file below src but tests. */
export function readSources(): SourceFile[] {
  const entries = readdirSync(SOURCE_ROOT, { recursive: true, encoding: 'utf8' });
  return entries
    .map((entry) => entry.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map(readSource);
}

export function areaOf(path: string): string {
  return (path.split('/')[0] ?? path).replace(/\.ts$/, '');
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(SOURCE_ROOT, path), 'utf8');
  const specifiers = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');
  const imports = specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(dirname(path), specifier));
  return { path, area: areaOf(path), text, imports };
}
