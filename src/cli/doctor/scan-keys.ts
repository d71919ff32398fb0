import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { checkExpiryIndex } from './check-expiry-index.ts';
import { checkKey, type KeyRules } from './check-key.ts';
import { type Fault, toFindings } from './faults.ts';
import type { Examination } from './finding.ts';
import { parseKey } from './key-kinds.ts';

export interface ScanOptions {
  /** How many keys and index members to look at, at most. */
  readonly limit: number;
  readonly onProgress: (scanned: number) => void;
  /** How long to wait before what looks wrong is looked at again, in milliseconds. */
  readonly settleMs?: number;
}

/** Keys per SCAN step: small enough that no step holds Redis up. */
const COUNT = 500;
/** More than this is no longer a race with a server at work, and is reported as seen. */
const RECHECKED = 2_000;
const SETTLE_MS = 250;

/** What looked wrong, and how to look at it again. */
type Again = () => Promise<readonly Fault[]>;

interface Progress {
  scanned: number;
  readonly byKind: Map<string, number>;
  readonly suspects: Again[];
  /** Beyond RECHECKED: reported as seen. */
  readonly faults: Fault[];
  readonly indexes: { readonly node: Redis; readonly key: string }[];
}

/**
 * Walks over the keys of every primary, and proves of each that it is as it must be. The store is in
 * use meanwhile, and a session may change between two looks at it: what looks wrong is looked at
 * once more, after a moment, before it is reported.
 */
export async function scanKeys(
  nodes: readonly Redis[],
  rules: KeyRules,
  options: ScanOptions,
): Promise<Examination> {
  const progress: Progress = {
    scanned: 0,
    byKind: new Map(),
    suspects: [],
    faults: [],
    indexes: [],
  };
  let complete = true;
  for (const node of nodes) complete = (await scanNode(node, rules, options, progress)) && complete;
  const members = await readIndexes(rules, options, progress);
  if (progress.suspects.length > 0) await sleep(options.settleMs ?? SETTLE_MS);
  const confirmed = await Promise.all(progress.suspects.map((again) => again()));
  const kinds = [...progress.byKind].map(([kind, count]) => `${count} ${kind}`).sort();
  return {
    area: 'Keys',
    facts: [
      `${progress.scanned} keys and ${members} index members looked at`,
      ...(complete ? [] : [`stopped at --limit ${options.limit}: there are more`]),
      ...(kinds.length === 0 ? [] : [kinds.join(', ')]),
    ],
    findings: toFindings([...confirmed.flat(), ...progress.faults]),
  };
}

/** False if the limit ended it. */
async function scanNode(
  node: Redis,
  rules: KeyRules,
  { limit, onProgress }: ScanOptions,
  progress: Progress,
): Promise<boolean> {
  let cursor = '0';
  do {
    const [next, keys] = await node.scan(cursor, 'MATCH', 'signum:*', 'COUNT', COUNT);
    const room = keys.slice(0, limit - progress.scanned);
    await Promise.all(room.map((key) => look(node, key, rules, progress)));
    progress.scanned += room.length;
    onProgress(progress.scanned);
    if (room.length < keys.length || (progress.scanned >= limit && next !== '0')) return false;
    cursor = next;
  } while (cursor !== '0');
  return true;
}

async function look(node: Redis, key: string, rules: KeyRules, progress: Progress): Promise<void> {
  const kind = parseKey(key)?.kind.name ?? 'unknown';
  progress.byKind.set(kind, (progress.byKind.get(kind) ?? 0) + 1);
  if (kind === 'expiry') progress.indexes.push({ node, key });
  const faults = await checkKey(node, key, rules);
  suspect(progress, faults, () => checkKey(node, key, rules));
}

async function readIndexes(
  rules: KeyRules,
  { limit }: ScanOptions,
  progress: Progress,
): Promise<number> {
  let members = 0;
  for (const { node, key } of progress.indexes) {
    const { read, faults } = await checkExpiryIndex(node, key, rules, limit - members);
    members += read;
    const seen = new Set(faults.map(({ where }) => where));
    suspect(progress, faults, async () => {
      const again = await checkExpiryIndex(node, key, rules, read);
      return again.faults.filter(({ where }) => seen.has(where));
    });
  }
  return members;
}

function suspect(progress: Progress, faults: readonly Fault[], again: Again): void {
  if (faults.length === 0) return;
  if (progress.suspects.length < RECHECKED) progress.suspects.push(again);
  else progress.faults.push(...faults);
}
