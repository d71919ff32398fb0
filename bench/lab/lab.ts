import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import { type BenchRedis, startBenchRedis } from './bench-redis.ts';
import { type Cpus, chooseCpus } from './cpus.ts';
import { type Credentials, makeCredentials } from './credentials.ts';
import { openPopulator, type Populator, type Session } from './population.ts';
import { type Signum, type SignumOptions, startSignum } from './signum.ts';
import type { Missing } from './tools.ts';

/** What the scenarios of one run share. */
export interface Lab {
  readonly options: BenchOptions;
  readonly cpus: Cpus;
  /** Temporary; deleted at the end. */
  readonly dir: string;
  readonly credentials: Credentials;
  readonly missing: Missing;
  readonly redis: BenchRedis;
  readonly populator: Populator;
  log(line: string): void;
  /** Registers something to be undone at the end, the last first. */
  onClose(step: () => Promise<unknown>): void;
  /** The server on the shared Redis; started once. */
  signum(): Promise<Signum>;
  /** One more server. */
  startSignum(options?: Partial<SignumOptions>): Promise<Signum>;
  /** Live sessions with tokens in the shared Redis; made once, more when needed. */
  sessions(count: number): Promise<readonly Session[]>;
  /** Sessions that nobody else has: for calls that end them. */
  freshSessions(count: number): Promise<readonly Session[]>;
  close(): Promise<void>;
}

export async function openLab(
  options: BenchOptions,
  missing: Missing,
  log: (line: string) => void,
): Promise<Lab> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-bench-'));
  const steps: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of steps.splice(0).reverse()) await step();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const cpus = chooseCpus();
    const credentials = await makeCredentials(dir);
    const redis = await startBenchRedis(dir, 'redis', cpus.load);
    steps.push(() => redis.stop());
    const populator = await openPopulator(redis.url, credentials);
    steps.push(() => populator.close());

    const start = async (other: Partial<SignumOptions> = {}) => {
      const server = await startSignum({
        cpus: cpus.server,
        redisUrl: redis.url,
        credentials,
        tls: options.tls,
        ...other,
        // The patience to wait where the machine is busy with other things.
        env: {
          SIGNUM_AUDIT: `${dir}/audit.log`,
          SIGNUM_DEADLINE_DEFAULT: '10s',
          ...other.env,
        },
      });
      steps.push(() => server.stop());
      return server;
    };
    let shared: Promise<Signum> | undefined;
    let users = 0;
    const made: Session[] = [];
    const populate = async (count: number) => {
      const firstUser = users;
      users += count;
      log(`  making ${count} sessions ...`);
      return populator.populate({ count, firstUser, signed: true });
    };
    return {
      options,
      cpus,
      dir,
      credentials,
      missing,
      redis,
      populator,
      log,
      close,
      onClose: (step) => steps.push(step),
      startSignum: start,
      signum: () => (shared ??= start()),
      async sessions(count) {
        if (made.length < count) made.push(...(await populate(count - made.length)));
        return made.slice(0, count);
      },
      freshSessions: populate,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
