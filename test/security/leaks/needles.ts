/** Marked secrets, and the search for them in whatever spelling they might have leaked. */
export interface Needles {
  /** A secret in text form, such as an API key or a token. */
  add(name: string, secret: string): void;
  /** A secret that is bytes, such as a derived key. */
  addBytes(name: string, secret: Uint8Array): void;
  /** Names and spellings of the secrets found. */
  find(haystack: Buffer | string): readonly string[];
  readonly size: number;
}

/** Shorter pieces would be found by chance. */
const MIN_LENGTH = 10;

export function createNeedles(): Needles {
  const spellings = new Map<string, { readonly name: string; readonly bytes: Buffer }>();
  const put = (name: string, spelling: string, bytes: Buffer) => {
    const key = bytes.toString('latin1');
    if (bytes.length < MIN_LENGTH || spellings.has(key)) return;
    spellings.set(key, { name: `${name}, ${spelling}`, bytes });
  };
  const addBytes = (name: string, secret: Uint8Array) => {
    const bytes = Buffer.from(secret);
    put(name, 'raw', bytes);
    put(name, 'hex', Buffer.from(bytes.toString('hex')));
    put(name, 'HEX', Buffer.from(bytes.toString('hex').toUpperCase()));
    put(name, 'escaped', Buffer.from(escaped(bytes)));
    for (const encoding of ['base64', 'base64url'] as const) {
      for (const shift of [0, 1, 2]) {
        put(name, `${encoding} ${shift}`, Buffer.from(inside(bytes, encoding, shift)));
      }
    }
  };
  return {
    add: (name, secret) => addBytes(name, Buffer.from(secret)),
    addBytes,
    find(haystack) {
      const whole = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
      const found = [...spellings.values()].filter(({ bytes }) => whole.includes(bytes));
      return found.map(({ name }) => name);
    },
    get size() {
      return spellings.size;
    },
  };
}

/** What base64 of a longer text that holds the bytes is sure to contain, at one of three offsets. */
function inside(bytes: Buffer, encoding: 'base64' | 'base64url', shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString(encoding)
    .replace(/=+$/, '');
  return text.slice(shift === 0 ? 0 : shift + 1, -1);
}

/** As Redis prints binary arguments. */
function escaped(bytes: Buffer): string {
  return [...bytes]
    .map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${hex(byte)}`))
    .join('');
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
