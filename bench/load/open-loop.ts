import { arrivals } from './arrivals.ts';
import type { RawConnection } from './raw-connection.ts';

export interface OpenLoopOptions {
  readonly connections: readonly RawConnection[];
  readonly seconds: number;
  nextRequest(): Buffer;
  /** Calls a second. */
  readonly rate: number;
  /** The part of `seconds`, at its start, of which no latencies are kept. */
  readonly warmUpSeconds: number;
}

export interface OpenLoopResult {
  /** Answered with 200. */
  readonly calls: number;
  readonly failed: number;
  /** Of those calls whose latency counts. */
  readonly latenciesUs: Float64Array;
}

/** A connection, and which of the arrivals it carries. */
interface Lane {
  readonly connection: RawConnection;
  readonly answered: (status: number) => void;
  arrival: number;
}

/** How long calls that are under way at the end are waited for. */
const GRACE_MS = 5_000;
/**
 * How long the clock is watched before the connections are looked at: each look is a system call, and
 * leaves objects to collect.
 */
const SPIN_MS = 0.005;

/**
 * Calls at Poisson arrivals, whether or not earlier ones are answered. One that finds no connection
 * free waits, and its wait counts.
 */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { connections, nextRequest, rate, seconds } = options;
  const dueMs = arrivals(rate, seconds, Math.random);
  const warmUpMs = options.warmUpSeconds * 1_000;
  // By arrival, and those of the warm-up too: V8 would drop what it has compiled at the first call to
  // take a branch that none has taken before. What has not been answered is not a number.
  const latenciesUs = new Float64Array(dueMs.length).fill(Number.NaN);
  const giveUpMs = seconds * 1_000 + GRACE_MS;
  // How many of the arrivals there are, are due and have begun, so that no queue is needed.
  const count = dueMs.length;
  let due = 0;
  let begun = 0;
  let open = 0;
  let calls = 0;
  let failed = 0;

  const free = connections.map((connection): Lane => {
    const lane: Lane = {
      connection,
      arrival: 0,
      answered(status) {
        open -= 1;
        if (status === 200) {
          calls += 1;
          latenciesUs[lane.arrival] = (sinceStart() - (dueMs[lane.arrival] as number)) * 1_000;
        } else failed += 1;
        // A broken connection would break whatever is sent on it next.
        if (status === 0) return;
        if (begun < due) begin(lane);
        else free.push(lane);
      },
    };
    return lane;
  });
  const begin = (lane: Lane) => {
    lane.arrival = begun++;
    open += 1;
    lane.connection.send(nextRequest(), lane.answered);
  };
  const startedAt = performance.now();
  const sinceStart = () => performance.now() - startedAt;

  await new Promise<void>((done) => {
    const tick = () => {
      let now = sinceStart();
      const until = now + SPIN_MS;
      do {
        while (due < count && (dueMs[due] as number) <= now) due += 1;
        while (begun < due && free.length > 0) begin(free.pop() as Lane);
        now = sinceStart();
      } while (now < until);
      if (now > giveUpMs || (begun === count && open === 0)) done();
      else setImmediate(tick);
    };
    tick();
  });
  return {
    calls,
    failed: failed + (due - begun) + open,
    latenciesUs: latenciesUs.filter((us, arrival) => us >= 0 && (dueMs[arrival] ?? 0) >= warmUpMs),
  };
}
