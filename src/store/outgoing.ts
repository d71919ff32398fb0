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

/** One bulk string of RESP. */
export function bulk(value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value;
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
