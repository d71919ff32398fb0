import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '../../src/store/store.ts';
import { httpContender } from '../contenders/http-contender.ts';
import { startBenchRedis } from '../lab/bench-redis.ts';
import type { Lab } from '../lab/lab.ts';
import { openPopulator, type Session } from '../lab/population.ts';
import { residentBytes } from '../lab/proc.ts';
import { limit } from '../measure/check.ts';
import { median } from '../measure/percentiles.ts';
import type { Plot } from '../report/svg-plot.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { idsLoad } from './validate-http.ts';

const MIB = 2 ** 20;
const METADATA = { ip: '203.0.113.7', label: 'Pixel 9 Pro' };
/** How often the server's memory is looked at, in milliseconds. */
const LOOK_MS = 250;

export const memory: Scenario = {
  name: 'memory',
  title: 'Redis memory per session with two metadata fields; server memory under load',
  async run(lab: Lab): Promise<Findings> {
    const count = lab.options.sessions;
    const perSession = await redisBytes(lab, count);
    const { points, peak, growth, skipped } = await serverMemory(lab);
    const plot: Plot = {
      name: 'memory-under-load',
      title: 'Server memory under full load',
      xLabel: 'seconds',
      yLabel: 'resident memory, MiB',
      series: [{ name: 'RSS', points }],
    };
    const sessions = count.toLocaleString('en');
    return {
      figures: [],
      checks: [
        limit(
          `Redis per session, all indexes, ${sessions} sessions`,
          'at most',
          600,
          ' B',
          perSession.state,
        ),
        limit('server RSS under load, peak', 'at most', 200, ' MiB', peak, skipped),
        limit('server RSS, last third / middle third', 'at most', 1.05, ' ×', growth, skipped),
      ],
      plots: points.length > 0 ? [plot] : [],
      notes: [
        perSession.anatomy,
        `The feed takes another ${Math.round(perSession.feed)} bytes an event, one event a session here; it is trimmed by age.`,
      ],
    };
  },
};

interface RedisBytes {
  /** Per session, the feed left out. */
  readonly state: number;
  readonly feed: number;
  /** What each of a session's keys takes, in a sentence. */
  readonly anatomy: string;
}

async function redisBytes(lab: Lab, count: number): Promise<RedisBytes> {
  const redis = await startBenchRedis(lab.dir, 'redis-memory', lab.cpus.load);
  const populator = await openPopulator(redis.url, lab.credentials);
  try {
    const before = await usedMemory(populator.store);
    lab.log(`  making ${count} sessions ...`);
    const [session] = await populator.populate({
      count,
      firstUser: 0,
      signed: false,
      metadata: METADATA,
    });
    const after = await usedMemory(populator.store);
    const feed = await feedMemory(populator.store);
    const anatomy = await describeKeys(populator.store, session as Session);
    return { state: (after - before - feed) / count, feed: feed / count, anatomy };
  } finally {
    await populator.close();
    await redis.stop();
  }
}

/** Data and index memory: without buffers of clients and of the append-only file, which come and go. */
async function usedMemory({ client }: Store): Promise<number> {
  const info = await client.info('memory');
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return field('used_memory') - field('mem_clients_normal') - field('mem_aof_buffer');
}

async function feedMemory({ client, keyspace }: Store): Promise<number> {
  const sizes = await Promise.all(
    keyspace.partitions.map(({ feed }) => client.call('MEMORY', 'USAGE', feed, 'SAMPLES', '0')),
  );
  return sizes.reduce<number>((sum, size) => sum + Number(size ?? 0), 0);
}

async function describeKeys({ client, keyspace }: Store, { ref }: Session): Promise<string> {
  const { active, partition } = keyspace.place(ref);
  const usage = async (key: string) =>
    Number(await client.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
  const index = (await usage(partition.expiry)) / (await client.zcard(partition.expiry));
  const [session, user] = [
    await usage(active),
    await usage(keyspace.user(ref.tenantId, ref.userId)),
  ];
  return `Of a session: its hash ${session} B, its user's index ${user} B, its place in the expiry index ${Math.round(index)} B; the rest is Redis' own tables.`;
}

async function serverMemory(lab: Lab) {
  const points: (readonly [number, number])[] = [];
  const skipped = lab.missing.get('wrk');
  if (skipped) return { points, peak: undefined, growth: undefined, skipped };
  const { file } = await idsLoad(lab, await lab.sessions(1_000));
  const server = await lab.startSignum();
  const contender = httpContender(lab, 'Signum', server, file);
  if (lab.options.warmUpSeconds > 0) await contender.load(lab.options.warmUpSeconds);
  let running = true;
  const seconds = lab.options.seconds * lab.options.rounds;
  const load = contender.load(seconds).finally(() => {
    running = false;
  });
  const startedAt = performance.now();
  while (running) {
    const atS = (performance.now() - startedAt) / 1_000;
    points.push([atS, residentBytes(server.pid) / MIB]);
    await delay(LOOK_MS);
  }
  await load;
  await server.stop();
  const values = points.map(([, mib]) => mib);
  const third = Math.floor(values.length / 3);
  const growth = median(values.slice(-third)) / median(values.slice(third, 2 * third));
  return { points, peak: Math.max(...values), growth, skipped };
}
