import type { Redis } from 'ioredis';
import type { SignumError } from '../../domain/errors.ts';
import type { Durability, DurabilityReached } from '../../domain/session.ts';
import type { Connection } from '../client/connections.ts';
import { deadlinePassed, refusal, remedyFor } from '../client/faults.ts';
import { type Argument, type Reply, SCRIPTS, type Script } from '../scripts/script.ts';

/** A script whose effect shall be on replicas or on disk before it is acknowledged. */
export interface DurableRun {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
  /** A counter of the same shard, see lua/touch.lua. */
  readonly touch: string;
  readonly wanted: Durability;
  readonly deadlineAtMs: number;
}

export interface Durable {
  readonly reply: Reply;
  readonly reached: DurabilityReached;
}

interface Job extends DurableRun {
  readonly resolve: (durable: Durable) => void;
  readonly reject: (error: unknown) => void;
  /** What Redis answered to the script, once it has. */
  answer: Answer<Reply> | undefined;
  /** What the last round has seen, for who asked for more. */
  reached: DurabilityReached;
  isSettled: boolean;
}

type Answer<T> = { readonly value: T } | { readonly error: unknown };

/**
 * How long one WAIT holds the connection, in milliseconds, to which Redis may add 100: what comes
 * meanwhile runs that much later, even if no replica answers at all.
 */
const ROUND_MS = 20;
/** Left for the answer's way back: better "unconfirmed" in time than nothing. */
const MARGIN_MS = 20;
const NOTHING: DurabilityReached = { replicas: 0, fsync: false };

/**
 * Runs scripts and waits for their durability, all over one connection and in rounds: each sends
 * what has come since the last, and one WAIT or WAITAOF for all. Script and wait must share a
 * connection and its server: on another, the wait would speak for another history.
 */
export class Barrier {
  readonly #connection: Connection;
  #fresh: Job[] = [];
  /** Have run, and wait for replicas or the disk. */
  #applied: Job[] = [];
  #isRunning = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Fails with DURABILITY_UNCONFIRMED, or with what Redis answered to the script. */
  async run(run: DurableRun): Promise<Durable> {
    const { promise, resolve, reject } = Promise.withResolvers<Durable>();
    const job: Job = {
      ...run,
      resolve,
      reject,
      answer: undefined,
      reached: NOTHING,
      isSettled: false,
    };
    const leftMs = Math.max(0, run.deadlineAtMs - performance.now() - MARGIN_MS);
    const timer = setTimeout(() => expire(job), leftMs);
    this.#fresh.push(job);
    if (!this.#isRunning) {
      this.#isRunning = true;
      // Calls that come in the same turn of the event loop share the first round.
      queueMicrotask(() => void this.#rounds());
    }
    try {
      return await promise;
    } finally {
      job.isSettled = true;
      clearTimeout(timer);
    }
  }

  async #rounds(): Promise<void> {
    while (this.#fresh.length > 0 || this.#applied.length > 0) await this.#round();
    this.#isRunning = false;
  }

  async #round(): Promise<void> {
    const { node, breaker } = this.#connection;
    const fresh = this.#takeFresh();
    this.#applied = this.#applied.filter((job) => !job.isSettled);
    const waiting = [...this.#applied, ...fresh];
    if (waiting.length === 0) return;
    try {
      breaker.check();
    } catch (error) {
      for (const job of fresh) job.reject(error);
      this.#giveUp('the connection broke');
      return;
    }
    const { epoch } = breaker;
    breaker.sent();
    const { touched, waited } = await exchange(node, fresh, waiting);
    breaker.answered();
    const missing = this.#sort(fresh);
    if (missing.length > 0) await load(node, missing);
    // Another connection, or another server: its replicas have not seen what ran on the last.
    if (breaker.epoch !== epoch) this.#giveUp('the connection broke');
    else if ('error' in touched) this.#giveUp('the primary changed');
    else this.#judge(waited);
  }

  #takeFresh(): Job[] {
    const nowMs = performance.now();
    const fresh = this.#fresh.filter((job) => {
      if (job.deadlineAtMs > nowMs) return true;
      job.reject(deadlinePassed());
      return false;
    });
    this.#fresh = [];
    return fresh;
  }

  /** Sorts jobs by whether they ran; returns those whose script has to be loaded first. */
  #sort(fresh: readonly Job[]): Job[] {
    const missing: Job[] = [];
    for (const job of fresh) {
      if (!job.answer || !('error' in job.answer)) this.#applied.push(job);
      else if (remedyFor(job.answer.error) === 'LOAD') missing.push(job);
      else job.reject(job.answer.error);
    }
    for (const job of missing) job.answer = undefined;
    this.#fresh.unshift(...missing);
    return missing;
  }

  #judge(waited: Answer<unknown>): void {
    const reached = reachedBy(waited);
    const refused = 'error' in waited ? whyRefused(waited.error) : undefined;
    this.#applied = this.#applied.filter((job) => {
      const { wanted, answer } = job;
      job.reached = reached;
      const isReached = reached.replicas >= wanted.replicas && (reached.fsync || !wanted.fsync);
      if (isReached && answer && 'value' in answer) {
        job.resolve({ reply: answer.value, reached });
      } else if (refused) {
        job.reject(unconfirmed(reached, refused));
      } else return true;
      return false;
    });
  }

  #giveUp(why: string): void {
    for (const job of this.#applied) job.reject(unconfirmed(NOTHING, why));
    this.#applied = [];
  }
}

/** A script that Redis has not answered to is not known to have run: its call's deadline decides. */
function expire(job: Job): void {
  if (job.answer && 'value' in job.answer) {
    job.reject(unconfirmed(job.reached, 'the deadline came first'));
  }
}

/** `fresh` and then, over the same connection, a touch and a wait for all of `waiting`. */
async function exchange(node: Redis, fresh: readonly Job[], waiting: readonly Job[]) {
  const answers = fresh.map(async (job) => {
    const { script, keys, args } = job;
    job.answer = await settle(
      node.evalsha(script.sha, keys.length, ...keys, ...args) as Promise<Reply>,
    );
  });
  const touch = waiting[waiting.length - 1]?.touch ?? '';
  const touched = settle(node.eval(SCRIPTS.touch.source, 1, touch));
  const replicas = Math.max(...waiting.map(({ wanted }) => wanted.replicas));
  const waited = waiting.some(({ wanted }) => wanted.fsync)
    ? settle(node.call('WAITAOF', 1, replicas, ROUND_MS))
    : settle(node.wait(replicas, ROUND_MS) as Promise<unknown>);
  await Promise.all(answers);
  return { touched: await touched, waited: await waited };
}

async function settle<T>(promise: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/** If loading fails, the script is missing in the next round as well, until its deadline. */
async function load(node: Redis, jobs: readonly Job[]): Promise<void> {
  const sources = new Set(jobs.map(({ script }) => script.source));
  await Promise.allSettled([...sources].map((source) => node.script('LOAD', source)));
}

function reachedBy(waited: Answer<unknown>): DurabilityReached {
  const reply = 'value' in waited ? waited.value : 0;
  if (Array.isArray(reply)) return { replicas: Number(reply[1]), fsync: Number(reply[0]) >= 1 };
  return { replicas: Number(reply), fsync: false };
}

function whyRefused(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (/unknown command/i.test(message)) return 'this Redis has no WAITAOF: it came with 7.2';
  if (/appendonly is disabled/i.test(message)) return 'the append-only file is switched off';
  return 'the primary changed';
}

function unconfirmed(reached: DurabilityReached, why: string): SignumError {
  return refusal(
    'DURABILITY_UNCONFIRMED',
    `applied, but the durability asked for is not confirmed: ${why}`,
    { replicas: String(reached.replicas), fsync: String(reached.fsync) },
  );
}
