import type { Confirmation } from '@signum/token';
import { writeIdWords } from './token-id.ts';

/** What tokens that were issued alike have in common; one object for all of them. */
export interface TokenKind {
  readonly tenantId: string;
  readonly keyId: string;
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  /** The key that they are bound to; absent for bearer tokens. */
  readonly confirmation?: Confirmation | undefined;
}

/** What a token says whose signature has been verified. */
export interface TokenFacts {
  /** `jti` */
  readonly tokenId: string;
  readonly partition: number;
  readonly issuedAtS: number;
  readonly expiresAtS: number;
  readonly kind: TokenKind;
}

/** What is kept of each token, a column a fact; a row is a token. Replaced as a whole by growing. */
export interface TokenColumns {
  readonly token: (string | undefined)[];
  readonly kind: (TokenKind | undefined)[];
  /** Four words to an id. */
  readonly id: Uint32Array;
  readonly issuedAtS: Uint32Array;
  readonly expiresAtS: Uint32Array;
  readonly partition: Uint16Array;
  /** At which state of watermarks and keys the token was found good; see Verifier. */
  readonly judgedAt: Uint32Array;
  readonly hash: Int32Array;
  /** Whether it was asked for since it was last considered for dropping. */
  readonly used: Uint8Array;
}

/**
 * Tokens whose signature has been verified, by their whole text: several texts can spell one token,
 * and only the one that was verified is known.
 */
export interface KnownTokens {
  /** The row of a token; -1 if it is not known. */
  find(token: string): number;
  /** Keeps a token. If there is no room, one goes that has not been asked for of late. */
  add(token: string, facts: TokenFacts): number;
  /** Drops tokens that expired before a moment. */
  forgetExpired(beforeS: number): void;
  clear(): void;
  readonly columns: TokenColumns;
  readonly size: number;
}

const SMALLEST = 1_024;

export function createKnownTokens({ maxTokens }: { readonly maxTokens: number }): KnownTokens {
  let columns = makeColumns(Math.min(SMALLEST, maxTokens));
  /** Rows, plus one, by hash: open addressing with linear probing; 0 where the place is free. */
  let index = new Int32Array(indexSize(columns.hash.length));
  let mask = index.length - 1;
  /** Rows up to here have been used; of those, the free ones are in `free`. */
  let reached = 0;
  let free: number[] = [];
  let hand = 0;

  function grow(): void {
    const before = columns;
    columns = makeColumns(Math.min(before.hash.length * 2, maxTokens));
    for (let row = 0; row < reached; row += 1) {
      columns.token[row] = before.token[row];
      columns.kind[row] = before.kind[row];
    }
    columns.id.set(before.id);
    columns.issuedAtS.set(before.issuedAtS);
    columns.expiresAtS.set(before.expiresAtS);
    columns.partition.set(before.partition);
    columns.judgedAt.set(before.judgedAt);
    columns.hash.set(before.hash);
    columns.used.set(before.used);
    index = new Int32Array(indexSize(columns.hash.length));
    mask = index.length - 1;
    for (let row = 0; row < reached; row += 1) {
      if (columns.token[row] !== undefined) enter(row);
    }
  }

  function enter(row: number): void {
    let place = (columns.hash[row] as number) & mask;
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = row + 1;
  }

  /** Closes the hole that a removed row leaves, so that no look-up stops at it. */
  function remove(row: number): void {
    let hole = (columns.hash[row] as number) & mask;
    while (index[hole] !== row + 1) hole = (hole + 1) & mask;
    let place = hole;
    for (;;) {
      place = (place + 1) & mask;
      const next = index[place] as number;
      if (next === 0) break;
      const home = (columns.hash[next - 1] as number) & mask;
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      index[hole] = next;
      hole = place;
    }
    index[hole] = 0;
    columns.token[row] = undefined;
    columns.kind[row] = undefined;
    free.push(row);
  }

  /** Passes over rows that were used since the hand came by, once. */
  function makeRoom(): void {
    hand = (hand + 1) % columns.hash.length;
    while (columns.used[hand] === 1) {
      columns.used[hand] = 0;
      hand = (hand + 1) % columns.hash.length;
    }
    remove(hand);
  }

  function nextRow(): number {
    if (free.length === 0 && reached === columns.hash.length) {
      if (reached < maxTokens) grow();
      else makeRoom();
    }
    return free.pop() ?? reached++;
  }

  function find(token: string): number {
    const hash = hashOf(token);
    let place = hash & mask;
    for (;;) {
      const row = (index[place] as number) - 1;
      if (row < 0) return -1;
      // The hash says where to look; only the whole text says that it is this token.
      if (columns.hash[row] === hash && columns.token[row] === token) {
        columns.used[row] = 1;
        return row;
      }
      place = (place + 1) & mask;
    }
  }

  return {
    find,
    add(token, { tokenId, partition, issuedAtS, expiresAtS, kind }) {
      const found = find(token);
      if (found >= 0) return found;
      const row = nextRow();
      columns.token[row] = ownCopy(token);
      columns.kind[row] = kind;
      writeIdWords(tokenId, columns.id, 4 * row);
      columns.issuedAtS[row] = issuedAtS;
      columns.expiresAtS[row] = expiresAtS;
      columns.partition[row] = partition;
      columns.judgedAt[row] = 0;
      columns.hash[row] = hashOf(token);
      // Until it is asked for again: tokens that come once must not drive out all others.
      columns.used[row] = 0;
      enter(row);
      return row;
    },
    forgetExpired(beforeS) {
      for (let row = 0; row < reached; row += 1) {
        if (columns.token[row] !== undefined && (columns.expiresAtS[row] as number) < beforeS) {
          remove(row);
        }
      }
    },
    clear() {
      columns = makeColumns(Math.min(SMALLEST, maxTokens));
      index = new Int32Array(indexSize(columns.hash.length));
      mask = index.length - 1;
      reached = 0;
      free = [];
      hand = 0;
    },
    get columns() {
      return columns;
    },
    get size() {
      return reached - free.length;
    },
  };
}

function makeColumns(rows: number): TokenColumns {
  return {
    token: new Array<string | undefined>(rows).fill(undefined),
    kind: new Array<TokenKind | undefined>(rows).fill(undefined),
    id: new Uint32Array(4 * rows),
    issuedAtS: new Uint32Array(rows),
    expiresAtS: new Uint32Array(rows),
    partition: new Uint16Array(rows),
    judgedAt: new Uint32Array(rows),
    hash: new Int32Array(rows),
    used: new Uint8Array(rows),
  };
}

function indexSize(rows: number): number {
  return 2 ** Math.ceil(Math.log2(2 * rows));
}

/**
 * Takes ten characters shortly before the end: part of the signature, which is as good as random and
 * which nobody can choose. Hashing all 700 characters takes longer than everything else here.
 */
function hashOf(token: string): number {
  let hash = 0;
  for (let at = token.length - 12; at < token.length - 2; at += 1) {
    hash = Math.imul(hash, 0x01000193) ^ token.charCodeAt(at);
  }
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
}

/** A part of a longer string keeps all of that in memory; this has its own. Tokens are ASCII. */
function ownCopy(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1');
}
