import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './call.ts';
import type { Judge } from './judge.ts';
import type { SignumProcess } from './signum-process.ts';
import { waitedForProcessorMs } from './starvation.ts';

/** What a call that is late may owe to the machine rather than to the service. */
const ALLOWED_MS = 50;
const PING_EVERY_MS = 10;
const PING_BACK_MS = 400;
const NOISE_KEPT_MS = 5_000;
/** Answers that no fault of the store explains. */
const NEVER = new Set(['INTERNAL', 'CODE_unknown', 'CODE_internal', 'UNIMPLEMENTED']);
const ON_FULL_STORE = new Set(['Validate', 'BatchValidate', 'Revoke']);

interface Noise {
  readonly atMs: number;
  /** How long the server took for next to nothing. */
  readonly ms: number;
  /** How long the server and this process have waited for a processor, since they began. */
  readonly waitedMs: number;
}

/** Counts calls by outcome, and finds those that were late or failed as none may. */
export class Recorder {
  readonly outcomes: Record<string, number> = {};
  worstOverrunMs = 0;
  /** The worst after what the machine is to blame for is taken off. */
  worstOwnOverrunMs = 0;
  /** When calls last failed for want of the store, and last succeeded. */
  lastFailureMs = 0;
  lastSuccessMs = 0;
  calls = 0;
  readonly #judge: Judge;
  readonly #disturbed = new Map<SignumProcess, { fromMs: number; toMs: number }[]>();
  readonly #noise = new Map<SignumProcess, Noise[]>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  /** A server that is being killed or stopped owes no answer meanwhile. */
  disturb(server: SignumProcess): () => void {
    const span = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    this.#disturbed.set(server, [...(this.#disturbed.get(server) ?? []).slice(-20), span]);
    return () => {
      span.toMs = performance.now() + 1000;
    };
  }

  /** Measures how long a server and this process take for next to nothing, until told to stop. */
  async watchNoise(servers: readonly SignumProcess[], isOver: () => boolean): Promise<void> {
    await Promise.all(
      servers.map(async (server) => {
        while (!isOver()) {
          const atMs = performance.now();
          const ms = (await server.ping(10_000)) ?? 0;
          const kept = this.#noise.get(server) ?? [];
          this.#noise.set(server, [
            ...kept.filter((noise) => atMs - noise.atMs < NOISE_KEPT_MS),
            {
              atMs,
              ms,
              waitedMs: waitedForProcessorMs(server.pid) + waitedForProcessorMs(process.pid),
            },
          ]);
          await sleep(PING_EVERY_MS);
        }
      }),
    );
  }

  note(server: SignumProcess, method: string, outcome: Outcome): void {
    this.calls += 1;
    const name = outcome.ok ? 'OK' : outcome.reason;
    const key = `${method} ${name}`;
    this.outcomes[key] = (this.outcomes[key] ?? 0) + 1;
    if (outcome.ok) this.lastSuccessMs = outcome.returnedMs;
    else if (name === 'STORE_UNAVAILABLE') this.lastFailureMs = outcome.returnedMs;
    if (NEVER.has(name)) this.#judge.violated('an answer that none may get', key);
    if (name === 'STORE_FULL' && ON_FULL_STORE.has(method)) {
      this.#judge.violated('full memory stops more than new sessions', key);
    }
    if (this.#wasDisturbed(server, outcome)) return;
    if (name === 'SERVER_GONE') {
      this.#judge.violated('a call without an answer', `${method}, from a server that ran`);
    }
    const { invokedMs, returnedMs, deadlineMs, isFirst } = outcome;
    if (returnedMs - invokedMs <= deadlineMs || isFirst) return;
    // What held it up has held up a ping as well, which may not be back yet.
    setTimeout(() => this.#checkDeadline(server, key, outcome), PING_BACK_MS);
  }

  #checkDeadline(server: SignumProcess, key: string, outcome: Outcome): void {
    const overrunMs = outcome.returnedMs - outcome.invokedMs - outcome.deadlineMs;
    const noise = (this.#noise.get(server) ?? []).filter(
      ({ atMs, ms }) => atMs + ms >= outcome.invokedMs && atMs <= outcome.returnedMs,
    );
    const waits = noise.map(({ waitedMs: ms }) => ms);
    const waitedForMs = waits.length > 1 ? Math.max(...waits) - Math.min(...waits) : 0;
    // Pings come one after another, so whatever held each of them up has held the call up as well.
    const pingedForMs = noise.reduce((sum, { ms }) => sum + ms, 0);
    const ownMs = overrunMs - Math.max(pingedForMs, waitedForMs);
    this.worstOverrunMs = Math.max(this.worstOverrunMs, overrunMs);
    this.worstOwnOverrunMs = Math.max(this.worstOwnOverrunMs, ownMs);
    if (ownMs > ALLOWED_MS) {
      const late = `${key}: ${Math.round(overrunMs)} ms past a deadline of ${outcome.deadlineMs} ms`;
      this.#judge.violated('a call that settles late', late);
    }
  }

  #wasDisturbed(server: SignumProcess, { invokedMs, returnedMs }: Outcome): boolean {
    const spans = this.#disturbed.get(server) ?? [];
    return spans.some(({ fromMs, toMs }) => fromMs <= returnedMs && invokedMs <= toMs);
  }
}
