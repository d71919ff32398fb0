import type { Argument } from '../scripts/script.ts';

/** Who waits for a reply. Gets to hear of it once. */
export interface Waiting {
  answered(reply: unknown): void;
  failed(error: unknown): void;
}

const NO_ARGS: readonly never[] = [];

/** A command on its way out, and at the same time what the client library keeps until its reply. */
export abstract class Outgoing {
  /** The command in RESP; called once, when it is written at last. */
  abstract encode(): string;
  abstract resolve(reply: unknown): void;
  abstract reject(error: unknown): void;

  /** What follows is what the library looks at. It never gets to see keys or arguments. */
  get command(): this {
    return this;
  }

  get name(): string {
    return 'evalsha';
  }

  get args(): readonly never[] {
    return NO_ARGS;
  }
}

/** Values as bulk strings of RESP. Nearly all are ASCII, which one look at all of them tells. */
export function bulks(values: readonly Argument[]): string {
  const all = join(values, ({ length }) => length);
  return Buffer.byteLength(all) === all.length
    ? all
    : join(values, (text) => Buffer.byteLength(text));
}

function join(values: readonly Argument[], lengthOf: (text: string) => number): string {
  let all = '';
  for (const value of values) {
    const text = typeof value === 'number' ? String(value) : value;
    all += `$${lengthOf(text)}\r\n${text}\r\n`;
  }
  return all;
}
