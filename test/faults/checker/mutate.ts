import fs from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PROTOCOL_MUTANTS } from '../../simulation/mutants.ts';
import { type Change, MUTANTS, SMALL_OUTBOX } from './mutants.ts';

/**
 * Loaded before a program that is to be broken on purpose (`node --import`): changes the text of its
 * sources and scripts as they are read. Production code knows nothing of it.
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CHANGES = (process.env['MUTANT'] ?? '').split(',').flatMap((name) => {
  const found = [...MUTANTS, ...PROTOCOL_MUTANTS, SMALL_OUTBOX].find((each) => each.name === name);
  if (!found) throw new Error(`no such mutant: ${name}`);
  return found.changes;
});

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const changes = url.startsWith('file:') ? changesOf(fileURLToPath(url)) : [];
    if (changes.length === 0 || loaded.source === undefined) return loaded;
    return { ...loaded, source: apply(changes, Buffer.from(loaded.source as Buffer).toString()) };
  },
});

const readFileSync = fs.readFileSync;
fs.readFileSync = ((file: fs.PathOrFileDescriptor, options?: unknown) => {
  const text = readFileSync(file, options as 'utf8');
  // Sources come this way too, as bytes, and are changed when they are loaded.
  if (!(file instanceof URL) || typeof text !== 'string') return text;
  const changes = changesOf(fileURLToPath(file));
  return changes.length > 0 ? apply(changes, text) : text;
}) as typeof fs.readFileSync;
syncBuiltinESMExports();

function changesOf(path: string): readonly Change[] {
  return CHANGES.filter(({ file }) => path === `${ROOT}${file}`);
}

/** A change that no longer fits its file must be noticed, not pass for one that was survived. */
function apply(changes: readonly Change[], text: string): string {
  return changes.reduce((changed, { file, find, replace }) => {
    if (!changed.includes(find)) throw new Error(`the mutation no longer fits ${file}`);
    return changed.replace(find, () => replace);
  }, text);
}
