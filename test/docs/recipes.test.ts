import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Recipe {
  readonly name: string;
  /** What the example is called in code. */
  readonly pattern: RegExp;
  /** Folders and files that the recipe speaks of. */
  readonly scope: readonly string[];
  readonly files: readonly string[];
}

const RECIPE = /### (A new [^\n]+)\n([\s\S]*?)(?=\n##)/g;
const EXAMPLE = /<!-- example: (.+) in (.+) -->/;

function recipes(): Recipe[] {
  const text = readFileSync('CONTRIBUTING.md', 'utf8');
  return [...text.matchAll(RECIPE)].map(([, name = '', body = '']) => {
    const [, pattern = '', scope = ''] = EXAMPLE.exec(body) ?? [];
    const items = body.split('\n').filter((line) => line.startsWith('- '));
    const files = items.flatMap((line) =>
      [...(line.split(': ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
    );
    return { name, pattern: new RegExp(pattern), scope: scope.split(' '), files };
  });
}

function sourcesIn(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|lua|proto)$/.test(name) && !name.endsWith('.test.ts'))
    .map((name) => join(path, name));
}

/** Comments may speak of the example. */
function codeOf(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*(?:\/\/|--).*$/gm, '');
}

test('there is a recipe for each thing that is often added', () => {
  expect(recipes().length).toBeGreaterThanOrEqual(5);
});

test.each(recipes())('the recipe for "$name" lists the files of its example', (recipe) => {
  const { pattern, scope, files } = recipe;
  const found = scope.flatMap(sourcesIn).filter((file) => pattern.test(codeOf(file)));
  const inScope = files.filter((file) => scope.some((root) => file.startsWith(root)));
  expect(found.sort()).toEqual(inScope.sort());
  for (const file of files) expect(statSync(file).isFile()).toBe(true);
});
