const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What text in quotes cannot hold as it is, or holds as something else. */
const UNUSUAL = /[^ !#-[\]-\uffff]/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** After it a number must be over. */
const NUMBER_GOES_ON = /[\w.+-]/;

/** What a value begins as. */
export type JsonStart = '{' | '[' | '"' | 'number' | 'true' | 'false' | 'null' | undefined;

const STARTS: readonly JsonStart[] = Array.from({ length: 0x80 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[-0-9]/.test(char)) return 'number';
  if (char === '{' || char === '[' || char === '"') return char;
  return ({ t: 'true', f: 'false', n: 'null' } as const)[char];
});

/**
 * Goes through JSON (RFC 8259). What it answers undefined or false to is no JSON; where it is then does
 * not matter.
 */
export class JsonCursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** What the next value begins as; stays in front of it. */
  start(): JsonStart {
    return STARTS[this.#next()];
  }

  /** Goes past a character of JSON's structure, if it is the next one. */
  take(char: '{' | '}' | '[' | ']' | ':' | ','): boolean {
    if (this.#next() !== char.charCodeAt(0)) return false;
    this.#at += 1;
    return true;
  }

  /** Goes past `true`, `false` or `null`. */
  word(word: 'true' | 'false' | 'null'): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  /** A string in quotes, which may hold half of a surrogate pair, escaped. */
  string(): string | undefined {
    if (this.#next() !== QUOTE) return undefined;
    const start = this.#at + 1;
    let end = this.#text.indexOf('"', start);
    if (end < 0) return undefined;
    const text = this.#text.slice(start, end);
    this.#at = end + 1;
    if (!UNUSUAL.test(text)) return text;
    while (this.#isEscaped(end, start)) {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) return undefined;
    }
    this.#at = end + 1;
    return unescaped(this.#text.slice(start - 1, end + 1));
  }

  /** The text of a number, which is next. */
  number(): string | undefined {
    NUMBER.lastIndex = this.#at;
    const [text = ''] = NUMBER.exec(this.#text) ?? [];
    this.#at += text.length;
    return text === '' || NUMBER_GOES_ON.test(this.#text.charAt(this.#at)) ? undefined : text;
  }

  /** Whether there is nothing more. */
  isDone(): boolean {
    return Number.isNaN(this.#next());
  }

  /** Goes past white space. The code of what is next; NaN at the end. */
  #next(): number {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.#at += 1;
      code = this.#text.charCodeAt(this.#at);
    }
    return code;
  }

  /** Whether an odd number of backslashes comes before it. */
  #isEscaped(at: number, start: number): boolean {
    let first = at;
    while (first > start && this.#text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    return (at - first) % 2 === 1;
  }
}

function unescaped(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}
