import type { Argument, Script } from '../scripts/script.ts';

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

/** How a command has to be sent this time. */
export interface How {
  /** The slot is moving: the target takes the command only if it is asked to. */
  readonly asking: boolean;
  /** The server does not know the script by its hash. */
  readonly bySource: boolean;
}

/** One run of a script. */
export class ScriptRun extends Outgoing {
  readonly #command: string;
  readonly #waiting: Waiting;

  constructor(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    { bySource }: How,
    waiting: Waiting,
  ) {
    super();
    const begin = beginRun(script, bySource, keys.length, args.length);
    this.#command = begin + bulks(keys) + bulks(args);
    this.#waiting = waiting;
  }

  encode(): string {
    return this.#command;
  }

  resolve(reply: unknown): void {
    this.#waiting.answered(reply);
  }

  reject(error: unknown): void {
    this.#waiting.failed(error);
  }
}

/** The command as far as the keys. */
export function beginRun(script: Script, bySource: boolean, keys: number, args: number): string {
  const length = 3 + keys + args;
  const named = bySource ? ['EVAL', script.source] : ['EVALSHA', script.sha];
  return `*${length}\r\n${bulks([...named, keys])}`;
}

/** Asks a server for a slot that is not its own yet; shares the fate of the command behind it. */
export class Asking extends Outgoing {
  encode(): string {
    return '*1\r\n$6\r\nASKING\r\n';
  }

  resolve(): void {}

  reject(): void {}
}
