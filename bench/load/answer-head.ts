/** What a client has to know of the head of an HTTP/1.1 answer, RFC 9112. */
export interface AnswerHead {
  readonly status: number;
  /** Where the body begins and ends. Without a content-length there is none. */
  readonly bodyAt: number;
  readonly bodyEnd: number;
}

/** `content-length:`, in the lower case that readHead turns bytes to. */
const NAME = Buffer.from('content-length:');
const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;
/** The bit that tells `a` from `A`, and that is set in `-` and `:` anyway. */
const LOWER = 32;
/** Where the three digits begin in `HTTP/1.1 200`. */
const STATUS_AT = 9;

/**
 * Reads the head that begins `bytes`, of which `end` are filled; undefined if it is not complete.
 * Looks at bytes only: strings for thousands of answers a second would be garbage to collect, and
 * the pauses for that would count as latency.
 */
export function readHead(bytes: Uint8Array, end: number): AnswerHead | undefined {
  let length = 0;
  let lineAt = 0;
  for (let at = 0; at < end; at++) {
    if (bytes[at] !== LF) continue;
    if (at === lineAt + 1 && bytes[lineAt] === CR) {
      const status = readDigits(bytes, STATUS_AT);
      return { status, bodyAt: at + 1, bodyEnd: at + 1 + length };
    }
    if (startsWithName(bytes, lineAt)) length = readDigits(bytes, lineAt + NAME.length);
    lineAt = at + 1;
  }
  return undefined;
}

function startsWithName(bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < NAME.length; i++) {
    if (((bytes[from + i] ?? 0) | LOWER) !== NAME[i]) return false;
  }
  return true;
}

/** A number in decimal after any spaces. */
function readDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at += 1;
  let value = 0;
  for (; ; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}
