import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inlineFields } from './fields.ts';

/**
 * What a command is there for. Of each kind a bounded number is under way, so that none starves
 * another. `read` is what is asked all the time, and `batch` the same by the hundred. `list` takes
 * longer and can wait. `mark` goes to every partition at once. `own` is what servers need for
 * themselves, such as the callers that there are.
 */
export type Kind = 'read' | 'batch' | 'list' | 'write' | 'mark' | 'own';

/** A Lua script as Redis gets it, with the pieces that it includes. */
export interface Script {
  readonly name: string;
  readonly kind: Kind;
  readonly source: string;
  /** SHA-1 of the source, by which EVALSHA names it. */
  readonly sha: string;
}

/** What a script is given beside its keys. */
export type Argument = string | number;

/** What a script answers: a status word first, then fixed fields. */
export type Reply = readonly unknown[];

const LUA = new URL('../../../lua/', import.meta.url);

/**
 * Reads a script of lua/ and puts the pieces named in its `-- include:` lines, and those that they
 * name in turn, between its shebang and its body. Each piece comes once, before whoever needs it. The
 * names of a session's fields become what they are in Redis (fields.ts).
 */
export function loadScript(name: string, kind: Kind = 'write'): Script {
  const text = readFileSync(new URL(`${name}.lua`, LUA), 'utf8');
  const shebangEnd = text.indexOf('\n') + 1;
  const pieces = new Map<string, string>();
  includes(text, pieces);
  const source = inlineFields(
    `${text.slice(0, shebangEnd)}${[...pieces.values()].join('')}${text.slice(shebangEnd)}`,
  );
  return { name, kind, source, sha: createHash('sha1').update(source).digest('hex') };
}

function includes(text: string, pieces: Map<string, string>): void {
  const lines = text.matchAll(/^-- include: (.+)$/gm);
  const names = [...lines].flatMap(([, line = '']) => line.split(', '));
  for (const name of names) {
    if (pieces.has(name)) continue;
    const piece = readFileSync(new URL(`include/${name}.lua`, LUA), 'utf8');
    includes(piece, pieces);
    pieces.set(name, piece);
  }
}

/** All scripts of the service. */
export const SCRIPTS = {
  issue: loadScript('issue'),
  refresh: loadScript('refresh'),
  validate: loadScript('validate', 'read'),
  list: loadScript('list', 'list'),
  fingerprint: loadScript('fingerprint'),
  revoke: loadScript('revoke'),
  watermark: loadScript('watermark', 'mark'),
  sweep: loadScript('sweep'),
  due: loadScript('due'),
  forget: loadScript('forget'),
  lock: loadScript('lock', 'own'),
  recordPut: loadScript('record_put', 'own'),
  take: loadScript('take'),
  touch: loadScript('touch'),
  feed: loadScript('feed'),
  vouch: loadScript('vouch'),
  leases: loadScript('leases'),
  prove: loadScript('prove'),
} as const;
