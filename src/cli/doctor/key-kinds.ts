export type RedisType = 'hash' | 'string' | 'zset' | 'stream';

/** What is known of a kind of key (src/store/scripts/keys.ts). */
export interface KeyKind {
  readonly name: string;
  readonly type: RedisType;
  /** Whether it stays as long as anything is in it; every other key must have a time to live. */
  readonly lasting: boolean;
}

/** A key name taken apart. */
export interface ParsedKey {
  readonly key: string;
  readonly kind: KeyKind;
  /** Absent for what all servers share. */
  readonly partition?: number;
  /** What follows the kind: ids, encoded. */
  readonly rest: string;
}

const SHARED: readonly KeyKind[] = [
  { name: 'meta', type: 'hash', lasting: true },
  { name: 'keys', type: 'hash', lasting: true },
  { name: 'callers', type: 'hash', lasting: true },
  { name: 'sweeper', type: 'string', lasting: false },
];

/** By what follows their own hash tag. */
const LEASES: Readonly<Record<string, KeyKind>> = {
  table: { name: 'leases', type: 'hash', lasting: true },
  touch: { name: 'leasesTouch', type: 'string', lasting: true },
};

const PARTITIONED: readonly (KeyKind & { readonly ids: number })[] = [
  { name: 'active', type: 'hash', lasting: false, ids: 3 },
  { name: 'revoked', type: 'string', lasting: false, ids: 1 },
  { name: 'user', type: 'zset', lasting: true, ids: 2 },
  { name: 'request', type: 'string', lasting: false, ids: 4 },
  { name: 'rate', type: 'string', lasting: false, ids: 2 },
  { name: 'proof', type: 'string', lasting: false, ids: 1 },
  { name: 'expiry', type: 'zset', lasting: true, ids: 0 },
  { name: 'watermarks', type: 'hash', lasting: true, ids: 0 },
  { name: 'revision', type: 'string', lasting: true, ids: 0 },
  { name: 'feed', type: 'stream', lasting: true, ids: 0 },
];

const FORM = /^signum:(?:\{(0|[1-9]\d{0,3}|leases)\}:)?([a-z]+)(?::(.*))?$/s;

/** Takes a key name apart; undefined if it is of no kind that this version knows. */
export function parseKey(key: string): ParsedKey | undefined {
  const [, partition, name, rest] = FORM.exec(key) ?? [];
  if (partition === undefined || partition === 'leases') {
    const shared = SHARED.find((each) => each.name === name);
    const kind = partition === undefined ? shared : LEASES[name ?? ''];
    return kind && rest === undefined ? { key, kind, rest: '' } : undefined;
  }
  const kind = PARTITIONED.find((each) => each.name === name);
  const ids = rest === undefined ? 0 : rest.split(':').length;
  if (!kind || ids !== kind.ids) return undefined;
  return { key, kind, partition: Number(partition), rest: rest ?? '' };
}
