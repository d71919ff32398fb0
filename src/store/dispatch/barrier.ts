import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { SignumError } from '../../domain/errors.ts';
import type { Durability, DurabilityReached } from '../../domain/session.ts';
import type { Connection } from '../client/connections.ts';
import { refusal } from '../client/faults.ts';
import { SCRIPTS } from '../scripts/script.ts';
import { type History, readHistory } from './marked-run.ts';

/** What shall be on replicas or on disk before it is acknowledged. */
export interface Awaited {
  /** The history that holds it, as it stood after the effect. */
  readonly mark: History;
  /** A counter of the same shard, for a write that changes nothing: lua/touch.lua. */
  readonly touch: string;
  readonly wanted: Durability;
  readonly deadlineAtMs: number;
}

interface Job extends Awaited {
  readonly resolve: (reached: DurabilityReached) => void;
  readonly reject: (error: SignumError) => void;
  readonly sinceMs: number;
  reached: DurabilityReached;
  /** Replicas that the primary had when it was last asked. */
  linked: number;
  /** Whether the last write of the connection came after the effect. */
  isCovered: boolean;
  isSettled: boolean;
}

type Answer = { readonly value: unknown } | { readonly error: unknown };

/** How long one WAIT holds the connection, in milliseconds, to which Redis may add 100. */
const ROUND_MS = 20;
/** Left for the answer's way back: better "unconfirmed" in time than nothing. */
const MARGIN_MS = 20;
/** How long the replicas that there are may take, in milliseconds, where more of them are wanted. */
const TOO_FEW_MS = 200;
/** How long a connection that is lost may take to come back, in milliseconds. */
const PATIENCE_MS = 200;
const NOTHING: DurabilityReached = { replicas: 0, fsync: false };

/**
 * Waits until what has been written to a primary is on its replicas or its disk, over a connection
 * that WAIT and WAITAOF may block, in rounds that serve all who wait. Nobody waits for what others
 * write meanwhile:
 *
 * - Replicas are counted by the offset that each has acknowledged, which INFO tells. WAIT is there to
 *   have them asked.
 * - WAITAOF answers for the connection's last write. So a write is made, and no other until that one is
 *   on disk: whoever comes meanwhile has the next one. With `appendfsync everysec` Redis flushes what
 *   was written before the second began, and a connection that writes all the time is never caught up.
 */
export class Barrier {
  readonly #connection: Connection;
  #jobs: Job[] = [];
  #isRunning = false;
  #epoch = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Fails with DURABILITY_UNCONFIRMED. */
  async wait(awaited: Awaited): Promise<DurabilityReached> {
    const { promise, resolve, reject } = Promise.withResolvers<DurabilityReached>();
    const sinceMs = performance.now();
    const job: Job = {
      ...awaited,
      ...{ resolve, reject, sinceMs },
      ...{ reached: NOTHING, linked: awaited.mark.linked, isCovered: false, isSettled: false },
    };
    const leftMs = Math.max(0, job.deadlineAtMs - sinceMs - MARGIN_MS);
    const timer = setTimeout(() => {
      job.reject(unconfirmed(job.reached, 'the deadline came first'));
    }, leftMs);
    this.#jobs.push(job);
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
    for (;;) {
      this.#jobs = this.#jobs.filter((job) => !job.isSettled);
      if (this.#jobs.length === 0) break;
      await this.#round();
    }
    this.#isRunning = false;
  }

  async #round(): Promise<void> {
    const { node, breaker } = this.#connection;
    const jobs = [...this.#jobs];
    // Of another connection, WAITAOF would answer that nothing is left to wait for.
    if (breaker.epoch !== this.#epoch) for (const job of jobs) job.isCovered = false;
    this.#epoch = breaker.epoch;
    try {
      breaker.check();
    } catch {
      await this.#hope(jobs);
      return;
    }
    const isFlushing = jobs.some((job) => job.isCovered && needsFlush(job));
    const touch = isFlushing ? undefined : jobs[0]?.touch;
    if (touch) for (const job of jobs) job.isCovered = true;
    breaker.sent();
    const { touched, waited, told } = await exchange(node, jobs, touch);
    breaker.answered();
    if ('error' in told) await this.#hope(jobs);
    else if (touched && 'error' in touched) this.#giveUp(jobs, 'the primary changed');
    else this.#judge(jobs, readHistory(told.value), waited);
  }

  /** The history tells whether it is the same server that answers once the connection is back. */
  async #hope(jobs: readonly Job[]): Promise<void> {
    await sleep(ROUND_MS);
    const sinceMs = performance.now() - PATIENCE_MS;
    this.#giveUp(
      jobs.filter((job) => job.sinceMs <= sinceMs),
      'the connection broke',
    );
  }

  #judge(jobs: readonly Job[], history: History | undefined, waited: Answer): void {
    const refused = 'error' in waited ? whyRefused(waited.error) : undefined;
    const isFlushed = 'value' in waited && Array.isArray(waited.value) && waited.value[0] >= 1;
    for (const job of jobs) {
      if (history?.id !== job.mark.id) {
        job.reject(unconfirmed(NOTHING, 'the primary changed'));
        continue;
      }
      const { offset } = job.mark;
      const replicas = history.acknowledged.filter((each) => each >= offset).length;
      job.reached = { replicas, fsync: job.reached.fsync || (isFlushed && job.isCovered) };
      job.linked = history.linked;
      if (!needsReplicas(job) && !needsFlush(job)) job.resolve(job.reached);
      else if (refused && needsFlush(job)) job.reject(unconfirmed(job.reached, refused));
      else if (hasTooFew(job)) {
        job.reject(unconfirmed(job.reached, `the primary has ${job.linked} replicas`));
      }
    }
  }

  #giveUp(jobs: readonly Job[], why: string): void {
    for (const job of jobs) job.reject(unconfirmed(NOTHING, why));
  }
}

function needsReplicas({ wanted, reached }: Job): boolean {
  return reached.replicas < wanted.replicas;
}

function needsFlush({ wanted, reached, isSettled }: Job): boolean {
  return wanted.fsync && !reached.fsync && !isSettled;
}

/** More replicas than there are will not come: those that are there have a moment to acknowledge. */
function hasTooFew({ wanted, reached, linked, sinceMs }: Job): boolean {
  if (wanted.replicas <= linked) return false;
  return reached.replicas >= linked || performance.now() - sinceMs >= TOO_FEW_MS;
}

/** A write if it is time for one, a wait for all jobs, and then a look at what has come of it. */
async function exchange(node: Redis, jobs: readonly Job[], touch: string | undefined) {
  const touched = touch ? settle(node.eval(SCRIPTS.touch.source, 1, touch)) : undefined;
  // Those that are not there would only hold the connection.
  const replicas = Math.max(...jobs.map(({ wanted, linked }) => Math.min(wanted.replicas, linked)));
  const waited = jobs.some(needsFlush)
    ? settle(node.call('WAITAOF', 1, replicas, ROUND_MS))
    : settle(node.wait(replicas, ROUND_MS) as Promise<unknown>);
  const told = settle(node.info('replication'));
  return { touched: await touched, waited: await waited, told: await told };
}

async function settle(promise: Promise<unknown>): Promise<Answer> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

function whyRefused(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (/unknown command/i.test(message)) return 'this Redis has no WAITAOF: it came with 7.2';
  if (/appendonly is disabled/i.test(message)) return 'the append-only file is switched off';
  return 'the primary changed';
}

/** Applied, and nobody can say how durably. */
export function unconfirmed(reached: DurabilityReached, why: string): SignumError {
  return refusal(
    'DURABILITY_UNCONFIRMED',
    `applied, but the durability asked for is not confirmed: ${why}`,
    { replicas: String(reached.replicas), fsync: String(reached.fsync) },
  );
}
