import { checkHealth, type StoreFinding, VERSION, type Wanted } from '../../store/client/health.ts';
import type { Runner } from '../../store/dispatch/runner.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Readiness } from '../../transport/ops.ts';

export interface Watch {
  /** What is known now; asks nobody. */
  current(): Readiness;
  setDraining(): void;
  stop(): void;
}

export interface WatchOptions {
  readonly runner: Runner;
  readonly log: Log;
  /** What writes are configured to wait for. */
  readonly durability: Wanted;
  /** Told when the answer changes. */
  readonly onChange: (state: Readiness) => void;
  /** Between two looks at Redis, in milliseconds; default 2,000. */
  readonly intervalMs?: number;
}

/** What a server finds when it starts: a Redis that can never keep what is configured. */
export class StoreUnfit extends Error {
  override readonly name = 'StoreUnfit';
}

/** So many failed looks in a row make the server not ready: one lost packet must not. */
const TOLERANCE = 3;
const LOOK_MS = 1_000;

/**
 * Looks at Redis from time to time. Resolves after the first look, and rejects with StoreUnfit if it
 * shows a Redis too old for what is configured. A setting that breaks the promise makes the server
 * not ready at once; silence does so when it lasts.
 */
export async function watchReadiness(options: WatchOptions): Promise<Watch> {
  const { runner, log, durability, onChange, intervalMs = 2_000 } = options;
  let failed: readonly string[] = ['store: not looked at yet'];
  let silent = 0;
  let unfit: StoreFinding | undefined;
  let draining = false;
  let told: string | undefined;
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const current = (): Readiness => {
    const all = draining ? ['draining', ...failed] : failed;
    return { ready: all.length === 0, failed: all };
  };
  const tell = () => {
    const state = current();
    const text = JSON.stringify(state);
    if (text !== told) onChange(state);
    told = text;
  };
  const look = async () => {
    try {
      const deadline = { deadlineAtMs: performance.now() + LOOK_MS };
      const findings = await checkHealth(runner, deadline, durability);
      silent = 0;
      unfit = findings.find(({ subject }) => subject === VERSION);
      failed = findings
        .filter(({ severity }) => severity === 'error')
        .map(({ subject, problem }) => `${subject}: ${problem}`);
      const text = JSON.stringify(findings);
      if (text !== said && findings.length > 0)
        log.warn({ findings }, 'Redis is not as it should be');
      said = text;
    } catch {
      silent += 1;
      if (silent >= TOLERANCE || told === undefined) failed = ['store: cannot be reached'];
    }
    tell();
  };
  const schedule = () => {
    if (stopped) return;
    timer = setTimeout(() => void look().finally(schedule), intervalMs).unref();
  };

  await look();
  if (unfit) throw new StoreUnfit(`${unfit.problem}: ${unfit.fix}`);
  schedule();
  return {
    current,
    setDraining() {
      draining = true;
      tell();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
