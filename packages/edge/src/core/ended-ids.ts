/** The answer for an id that nothing is known of any more, because its token must have expired. */
export const FORGOTTEN = -1;

/** Ids of access tokens that ended before they expired, exact, until they would have. */
export interface EndedIds {
  /** `ids` holds 16 bytes from `offset` on; `reason` is a number from 1 to 255. */
  add(ids: Uint8Array, offset: number, entry: EndedEntry): void;
  /** Why the token whose id is four words from `at` on ended; 0 if it has not; {@link FORGOTTEN} if it expired too long ago to tell. */
  reasonOf(words: Uint32Array, at: number, expiresAtS: number): number;
  /** What was known of a partition is not known any more. */
  forgetPartition(partition: number): void;
  /** Drops ids of tokens that expired before a moment of the store's clock. */
  forgetExpired(beforeS: number): void;
  clear(): void;
  readonly size: number;
  readonly bytes: number;
}

export interface EndedEntry {
  readonly expiresAtS: number;
  readonly partition: number;
  readonly reason: number;
}

/**
 * Tokens that expire within the same span of 64 s share a table, which is dropped as a whole: nothing
 * is ever deleted from a table. A look-up needs one table only, because a token names its expiry.
 */
const SPAN_BITS = 6;
const SMALLEST = 16;
const FULLEST = 0.75;

interface Table {
  /** Four words to an id, in open addressing with linear probing. */
  words: Uint32Array;
  /** Partition, epoch of the partition and reason: 16, 8 and 8 bits; 0 where the place is free. */
  notes: Uint32Array;
  used: number;
}

export function createEndedIds(): EndedIds {
  const tables = new Map<number, Table>();
  /** Counts how often a partition began anew: entries of an earlier epoch are not known any more. */
  let epochs = new Uint8Array(64);
  let horizon = 0;
  let size = 0;

  function isKnown(note: number): boolean {
    return (epochs[note >>> 16] ?? 0) === ((note >>> 8) & 0xff);
  }

  function grow(table: Table): void {
    const { words, notes } = table;
    // Twice as large only if what is still known needs it.
    const known = notes.reduce(
      (count, note) => (note !== 0 && isKnown(note) ? count + 1 : count),
      0,
    );
    const capacity = known * 2 > notes.length * FULLEST ? notes.length * 2 : notes.length;
    table.words = new Uint32Array(capacity * 4);
    table.notes = new Uint32Array(capacity);
    size += known - table.used;
    table.used = known;
    for (let at = 0; at < notes.length; at += 1) {
      const note = notes[at] ?? 0;
      if (note === 0 || !isKnown(note)) continue;
      const place = find(
        table,
        words[4 * at],
        words[4 * at + 1],
        words[4 * at + 2],
        words[4 * at + 3],
      );
      table.words.set(words.subarray(4 * at, 4 * at + 4), 4 * place);
      table.notes[place] = note;
    }
  }

  return {
    add(ids, offset, { expiresAtS, partition, reason }) {
      const span = expiresAtS >>> SPAN_BITS;
      if (span < horizon) return;
      let table = tables.get(span);
      if (table === undefined) {
        table = { words: new Uint32Array(SMALLEST * 4), notes: new Uint32Array(SMALLEST), used: 0 };
        tables.set(span, table);
      }
      if (table.used >= table.notes.length * FULLEST) grow(table);
      const a = wordAt(ids, offset);
      const b = wordAt(ids, offset + 4);
      const c = wordAt(ids, offset + 8);
      const d = wordAt(ids, offset + 12);
      const place = find(table, a, b, c, d);
      if (table.notes[place] === 0) {
        table.used += 1;
        size += 1;
        const { words } = table;
        words[4 * place] = a;
        words[4 * place + 1] = b;
        words[4 * place + 2] = c;
        words[4 * place + 3] = d;
      }
      const epoch = epochs[partition] ?? 0;
      table.notes[place] = ((partition << 16) | (epoch << 8) | reason) >>> 0;
    },
    reasonOf(words, at, expiresAtS) {
      const span = expiresAtS >>> SPAN_BITS;
      if (span < horizon) return FORGOTTEN;
      const table = tables.get(span);
      if (table === undefined) return 0;
      const note =
        table.notes[find(table, words[at], words[at + 1], words[at + 2], words[at + 3])] ?? 0;
      return note !== 0 && isKnown(note) ? note & 0xff : 0;
    },
    forgetPartition(partition) {
      if (partition >= epochs.length) {
        const before = epochs;
        epochs = new Uint8Array(2 ** Math.ceil(Math.log2(partition + 1)));
        epochs.set(before);
      }
      epochs[partition] = ((epochs[partition] ?? 0) + 1) & 0xff;
    },
    forgetExpired(beforeS) {
      horizon = Math.max(horizon, beforeS >>> SPAN_BITS);
      for (const [span, { used }] of tables) {
        if (span >= horizon) continue;
        tables.delete(span);
        size -= used;
      }
    },
    clear() {
      tables.clear();
      size = 0;
      horizon = 0;
    },
    get size() {
      return size;
    },
    get bytes() {
      return [...tables.values()].reduce((sum, { notes }) => sum + notes.length * 20, 0);
    },
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** The place of an id, or the free one where it would go. The last words of a UUIDv7 are random. */
function find({ words, notes }: Table, a = 0, b = 0, c = 0, d = 0): number {
  const mask = notes.length - 1;
  let place = (Math.imul(d ^ c, 0x9e3779b1) >>> 4) & mask;
  while (
    notes[place] !== 0 &&
    !(
      words[4 * place + 3] === d &&
      words[4 * place + 2] === c &&
      words[4 * place + 1] === b &&
      words[4 * place] === a
    )
  ) {
    place = (place + 1) & mask;
  }
  return place;
}
