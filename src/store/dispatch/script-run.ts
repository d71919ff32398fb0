import type { Argument, Script } from '../scripts/script.ts';
import { bulks, Outgoing, type Waiting } from './outgoing.ts';

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
