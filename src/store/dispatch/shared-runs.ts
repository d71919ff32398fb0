import type { Sender } from '../client/wire/wire.ts';
import type { Argument, Script } from '../scripts/script.ts';
import { beginRun, bulks, type How, Outgoing, type Waiting } from './command.ts';

/** One thing to be done by a script that does any number of them in one run. */
export interface Item {
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

/** How many things one run does, at most: nobody else is served meanwhile. */
const MOST = 64;
/**
 * With so many, a run does not wait for the turn to end: Redis works on it while the next one fills.
 * Otherwise each side spends a fifth of its time waiting for the other.
 */
const ENOUGH = 16;

/**
 * Runs of scripts that take any number of items, each with its own keys, arguments and reply. What
 * begins in the same turn of the event loop shares a run, which costs Redis a third less for each.
 */
export class SharedRuns {
  readonly #wire: Sender;
  /**
   * The one that is still to be written, if any, by what tells runs apart: a script and a slot, so
   * that the names are few. They stay, because a Map that shrinks and grows is garbage of the kind
   * that stops the process to be collected.
   */
  readonly #open = new Map<string, SharedRun | undefined>();

  constructor(wire: Sender) {
    this.#wire = wire;
  }

  /** `group` names the items whose keys one script may touch together. */
  add(script: Script, group: string, item: Item, how: How, waiting: Waiting): void {
    const name = `${script.name}${group}${how.bySource ? ' by source' : ''}`;
    let run = this.#open.get(name);
    // ASKING holds for the one command behind it.
    if (run === undefined || run.size === MOST || how.asking) {
      const begun = new SharedRun(script, how, () => {
        if (this.#open.get(name) === begun) this.#open.set(name, undefined);
      });
      this.#open.set(name, begun);
      this.#wire.send(begun);
      run = begun;
    }
    run.add(item, waiting);
    // What comes in one call, such as a batch, still stays together.
    if (run.size === ENOUGH) queueMicrotask(() => this.#wire.flush());
  }
}

/** One run, to which items can be added until it is written. */
class SharedRun extends Outgoing {
  readonly #script: Script;
  readonly #how: How;
  readonly #onClosed: () => void;
  readonly #waiting: Waiting[] = [];
  #keyCount = 0;
  #argCount = 0;
  #keys = '';
  #args = '';

  /** `onClosed`: nothing can be added from now on. May be called twice. */
  constructor(script: Script, how: How, onClosed: () => void) {
    super();
    this.#script = script;
    this.#how = how;
    this.#onClosed = onClosed;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add({ keys, args }: Item, waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#keyCount += keys.length;
    this.#argCount += args.length;
    this.#keys += bulks(keys);
    this.#args += bulks(args);
  }

  encode(): string {
    this.#onClosed();
    const begin = beginRun(this.#script, this.#how.bySource, this.#keyCount, this.#argCount);
    return begin + this.#keys + this.#args;
  }

  resolve(replies: unknown): void {
    const each = replies as readonly unknown[];
    this.#waiting.forEach((waiting, i) => {
      if (each[i] instanceof Error) waiting.failed(each[i]);
      else waiting.answered(each[i]);
    });
  }

  reject(error: unknown): void {
    this.#onClosed();
    for (const waiting of this.#waiting) waiting.failed(error);
  }
}
