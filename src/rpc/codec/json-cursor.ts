const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Anything that text between quotes cannot hold as it is. */
const UNUSUAL = /[\\\p{Cc}]/u;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** What a value begins as. */
export type JsonStart = '{' | '[' | '"' | 'number' | 'true' | 'false' | 'null' | undefined;

const STARTS: readonly JsonStart[] = Array.from({ length: 0x80 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[-0-9]/.test(char)) return 'number';
  if (char === '{' || char === '[' || char === '"') return char;
  return ({ t: 'true', f: 'false', n: 'null' } as const)[char];
});

/**
 * Goes through JSON (RFC 8259) in bytes that are known to be UTF-8. What it answers undefined or false
 * to is no JSON; where it is then does not matter.
 */
export class JsonCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** What the next value begins as; stays in front of it. */
  start(): JsonStart {
    return STARTS[this.#next() ?? 0];
  }

  /** Goes past a character of JSON's structure, if it is the next one. */
  take(char: '{' | '}' | '[' | ']' | ':' | ','): boolean {
    if (this.#next() !== char.charCodeAt(0)) return false;
    this.#at += 1;
    return true;
  }

  /** Goes past `true`, `false` or `null`. */
  word(word: 'true' | 'false' | 'null'): boolean {
    const end = this.#at + word.length;
    if (this.#bytes.toString('latin1', this.#at, end) !== word) return false;
    this.#at = end;
    return true;
  }

  /** A string in quotes, which may hold half of a surrogate pair, escaped. */
  string(): string | undefined {
    if (this.#next() !== QUOTE) return undefined;
    const start = this.#at + 1;
    let end = this.#bytes.indexOf(QUOTE, start);
    if (end < 0) return undefined;
    const text = this.#bytes.toString('utf8', start, end);
    this.#at = end + 1;
    if (!UNUSUAL.test(text)) return text;
    while (this.#isEscaped(end, start)) {
      end = this.#bytes.indexOf(QUOTE, end + 1);
      if (end < 0) return undefined;
    }
    this.#at = end + 1;
    return unescaped(this.#bytes.toString('utf8', start - 1, end + 1));
  }

  /** The text of a number. */
  number(): string | undefined {
    const start = this.#at;
    while (isNumberPart(this.#bytes[this.#at])) this.#at += 1;
    const text = this.#bytes.toString('latin1', start, this.#at);
    return NUMBER.test(text) ? text : undefined;
  }

  /** Whether there is nothing more. */
  isDone(): boolean {
    return this.#next() === undefined;
  }

  /** Goes past white space. */
  #next(): number | undefined {
    let byte = this.#bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      this.#at += 1;
      byte = this.#bytes[this.#at];
    }
    return byte;
  }

  /** Whether an odd number of backslashes comes before it. */
  #isEscaped(at: number, start: number): boolean {
    let first = at;
    while (first > start && this.#bytes[first - 1] === BACKSLASH) first -= 1;
    return (at - first) % 2 === 1;
  }
}

function isNumberPart(byte = 0): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    (byte | 0x20) === 0x65
  );
}

function unescaped(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}
