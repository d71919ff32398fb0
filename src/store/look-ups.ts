import { bulk, Outgoing, type Waiting } from './outgoing.ts';
import { SCRIPTS } from './script.ts';
import { beginRun, type How } from './script-run.ts';
import type { Wire } from './wire.ts';

/** One token to look up, as lua/validate.lua wants it. */
export interface LookUpKeys {
  /** The four keys. */
  readonly keys: readonly [string, string, string, string];
  /** The two arguments. */
  readonly args: readonly [string, string];
}

/** How many one run of the script looks up, at most: nobody else is served meanwhile. */
const MOST = 64;
const KEYS_EACH = 4;
const ARGS_EACH = 2;

/** Look-ups that begin in the same turn of the event loop and may share a run of the script do. */
export class LookUps {
  readonly #wire: Wire;
  readonly #open = new Map<string, LookUpRun>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** `group` names the look-ups whose keys one script may touch together. */
  add(group: string, lookUp: LookUpKeys, { asking, bySource }: How, waiting: Waiting): void {
    const name = bySource ? `${group} by source` : group;
    let run = this.#open.get(name);
    // ASKING holds for the one command behind it.
    if (run === undefined || !run.isOpen || asking) {
      run = new LookUpRun(bySource);
      this.#open.set(name, run);
      this.#wire.send(run);
    }
    run.add(lookUp, waiting);
  }
}

/** One run of the script, to which look-ups can be added until it is written. */
class LookUpRun extends Outgoing {
  readonly #bySource: boolean;
  readonly #waiting: Waiting[] = [];
  #keys = '';
  #args = '';
  #isWritten = false;

  constructor(bySource: boolean) {
    super();
    this.#bySource = bySource;
  }

  get isOpen(): boolean {
    return !this.#isWritten && this.#waiting.length < MOST;
  }

  add(
    { keys: [active, revoked, watermarks, revision], args: [jti, tenant] }: LookUpKeys,
    waiting: Waiting,
  ): void {
    this.#waiting.push(waiting);
    this.#keys += bulk(active) + bulk(revoked) + bulk(watermarks) + bulk(revision);
    this.#args += bulk(jti) + bulk(tenant);
  }

  encode(): string {
    this.#isWritten = true;
    const { length } = this.#waiting;
    const begin = beginRun(
      SCRIPTS.validate,
      this.#bySource,
      length * KEYS_EACH,
      length * ARGS_EACH,
    );
    return begin + this.#keys + this.#args;
  }

  resolve(replies: unknown): void {
    const each = replies as readonly unknown[];
    this.#waiting.forEach((waiting, i) => {
      // What is wrong with one session is not the others' business.
      if (each[i] instanceof Error) waiting.failed(each[i]);
      else waiting.answered(each[i]);
    });
  }

  reject(error: unknown): void {
    this.#isWritten = true;
    for (const waiting of this.#waiting) waiting.failed(error);
  }
}
