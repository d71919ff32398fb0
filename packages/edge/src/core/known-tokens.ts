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

/**
 * Where the facts of a token are in its record. All that a look-up reads of one token lies together: of many
 * tokens each is far from the processor, and to fetch it costs more than all that is done with it.
 */
export const AT = {
  /** Four words. */
  id: 0,
  issuedAtS: 4,
  expiresAtS: 5,
  partition: 6,
  /** At which state of watermarks and keys the token was found good; see Verifier. */
  judgedAt: 7,
  hash: 8,
  /** Whether it was asked for since it was last considered for dropping. */
  used: 9,
  /** Up to which loss the server's answer has confirmed it; see Losses. */
  confirmed: 10,
} as const;

/** Words from one record to the next: a power of two, so that no record lies across cache lines. */
export const RECORD_WORDS = 16;

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
  /** The records of all rows; see {@link AT}. Replaced as a whole by growing. */
  readonly records: Uint32Array;
  kindOf(row: number): TokenKind;
  readonly size: number;
}

const SMALLEST = 1_024;

export function createKnownTokens({ maxTokens }: { readonly maxTokens: number }): KnownTokens {
  let rows = Math.min(SMALLEST, maxTokens);
  let records = new Uint32Array(RECORD_WORDS * rows);
  /** Of each row its text and its kind, side by side; undefined where the row is free. */
  let texts = newTexts(rows);
  /** Rows, plus one, by hash: open addressing with linear probing; 0 where the place is free. */
  let index = new Int32Array(indexSize(rows));
  let mask = index.length - 1;
  /** Rows up to here have been used; of those, the free ones are in `free`. */
  let reached = 0;
  let free: number[] = [];
  let hand = 0;

  function grow(): void {
    const [recordsBefore, textsBefore] = [records, texts];
    rows = Math.min(rows * 2, maxTokens);
    records = new Uint32Array(RECORD_WORDS * rows);
    records.set(recordsBefore);
    texts = newTexts(rows);
    for (let at = 0; at < textsBefore.length; at += 1) texts[at] = textsBefore[at];
    index = new Int32Array(indexSize(rows));
    mask = index.length - 1;
    for (let row = 0; row < reached; row += 1) {
      if (texts[2 * row] !== undefined) enter(row);
    }
  }

  function homeOf(row: number): number {
    return (records[RECORD_WORDS * row + AT.hash] as number) & mask;
  }

  function enter(row: number): void {
    let place = homeOf(row);
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = row + 1;
  }

  /** Closes the hole that a removed row leaves, so that no look-up stops at it. */
  function remove(row: number): void {
    let hole = homeOf(row);
    while (index[hole] !== row + 1) hole = (hole + 1) & mask;
    let place = hole;
    for (;;) {
      place = (place + 1) & mask;
      const next = index[place] as number;
      if (next === 0) break;
      const home = homeOf(next - 1);
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      index[hole] = next;
      hole = place;
    }
    index[hole] = 0;
    texts[2 * row] = undefined;
    texts[2 * row + 1] = undefined;
    free.push(row);
  }

  /** Passes over rows that were used since the hand came by, once. */
  function makeRoom(): void {
    hand = (hand + 1) % rows;
    while (records[RECORD_WORDS * hand + AT.used] === 1) {
      records[RECORD_WORDS * hand + AT.used] = 0;
      hand = (hand + 1) % rows;
    }
    remove(hand);
  }

  function nextRow(): number {
    if (free.length === 0 && reached === rows) {
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
      if (records[RECORD_WORDS * row + AT.hash] === hash && texts[2 * row] === token) {
        records[RECORD_WORDS * row + AT.used] = 1;
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
      texts[2 * row] = ownCopy(token);
      texts[2 * row + 1] = kind;
      const at = RECORD_WORDS * row;
      writeIdWords(tokenId, records, at + AT.id);
      records[at + AT.issuedAtS] = issuedAtS;
      records[at + AT.expiresAtS] = expiresAtS;
      records[at + AT.partition] = partition;
      records[at + AT.judgedAt] = 0;
      records[at + AT.confirmed] = 0;
      records[at + AT.hash] = hashOf(token);
      // Until it is asked for again: tokens that come once must not drive out all others.
      records[at + AT.used] = 0;
      enter(row);
      return row;
    },
    forgetExpired(beforeS) {
      for (let row = 0; row < reached; row += 1) {
        if (texts[2 * row] === undefined) continue;
        if ((records[RECORD_WORDS * row + AT.expiresAtS] as number) < beforeS) remove(row);
      }
    },
    clear() {
      rows = Math.min(SMALLEST, maxTokens);
      records = new Uint32Array(RECORD_WORDS * rows);
      texts = newTexts(rows);
      index = new Int32Array(indexSize(rows));
      mask = index.length - 1;
      reached = 0;
      free = [];
      hand = 0;
    },
    get records() {
      return records;
    },
    kindOf: (row) => texts[2 * row + 1] as TokenKind,
    get size() {
      return reached - free.length;
    },
  };
}

type Texts = (string | TokenKind | undefined)[];

function newTexts(rows: number): Texts {
  return new Array<string | TokenKind | undefined>(2 * rows).fill(undefined);
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
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}

/** A part of a longer string keeps all of that in memory; this has its own. Tokens are ASCII. */
function ownCopy(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1');
}
