import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisNode } from '../../setup/redis-node.ts';
import { ask } from '../../setup/redis-sentinel.ts';
import { until } from '../../setup/until.ts';
import { CLOCK_FAULTS, EDGE_FAULTS, STANDALONE_FAULTS } from './edges/edge-faults.ts';
import { type Fault, holdOn, type NemesisParts } from './fault.ts';

/** What one kind of fault did. */
export interface FaultCount {
  injected: number;
  /** From the fault to the last call that failed for want of the store, in milliseconds. */
  readonly outagesMs: number[];
  /** From the end of the fault to the first call that succeeded, in milliseconds. */
  readonly recoveriesMs: number[];
}

const MAX_LAG_MS = 2_000;
/** Redis looks at its replicas once a second; one more for the machine. */
const NOTICE_MS = 2_000;
const CALM_MS: readonly [number, number] = [300, 1_200];

/** After these another may be primary, and the one before may not know it yet. */
const FAILING_OVER: ReadonlySet<string> = new Set([
  ...['kill -9 a primary', 'SIGSTOP a primary', 'partition a primary', 'delay everything'],
  ...['failover by hand', 'SIGSTOP all replicas', 'flush, slow replication, kill'],
]);

const EVERYWHERE: Readonly<Record<string, Fault>> = {
  'kill -9 a primary': async (parts) => {
    const node = await somePrimary(parts);
    await node.kill();
    await holdOn(parts, 300, parts.rig.failover ? 4_000 : 800);
    node.start();
  },
  'SIGSTOP a primary': async (parts) => {
    const node = await somePrimary(parts);
    node.signal('SIGSTOP');
    await holdOn(parts, 100, parts.rig.failover ? 4_000 : 1_500);
    node.signal('SIGCONT');
  },
  'drop replies': async (parts) => {
    const { proxy } = await somePrimary(parts);
    proxy?.dropReplies();
    await holdOn(parts, 50, 600);
    proxy?.heal();
  },
  'reset connections': async (parts) => {
    const { proxy } = await somePrimary(parts);
    proxy?.cut();
  },
  'delay everything': async (parts) => {
    const { proxy } = await somePrimary(parts);
    proxy?.delay(parts.random.between(20, 150));
    await holdOn(parts, 300, 1_500);
    proxy?.heal();
  },
  'partition a primary': async (parts) => {
    const { proxy } = await somePrimary(parts);
    proxy?.blackhole();
    await holdOn(parts, 200, parts.rig.failover ? 4_000 : 1_500);
    proxy?.heal();
  },
  'SCRIPT FLUSH': async (parts) => {
    for (const { port } of await parts.rig.primaries()) {
      await until('scripts are flushed', () => flush(port));
    }
  },
  'memory full': async (parts) => {
    const primaries = await parts.rig.primaries();
    const setAll = (bytes: string) =>
      Promise.all(
        primaries.map(({ port }) =>
          until('it is set', () =>
            ask(port, async (redis) => (await redis.config('SET', 'maxmemory', bytes)) === 'OK'),
          ),
        ),
      );
    await setAll('1mb');
    await holdOn(parts, 300, 1_200);
    await setAll('0');
  },
  'kill -9 a server': async (parts) => {
    const server = parts.random.pick(parts.servers);
    const over = parts.recorder.disturb(server);
    await server.kill();
    await server.start();
    over();
  },
  'SIGSTOP a server': async (parts) => {
    const server = parts.random.pick(parts.servers);
    const over = parts.recorder.disturb(server);
    server.signal('SIGSTOP');
    await holdOn(parts, 100, 1_500);
    server.signal('SIGCONT');
    over();
  },
};

const WITH_REPLICAS: Readonly<Record<string, Fault>> = {
  'failover by hand': async (parts) => {
    await parts.rig.failover?.(await somePrimary(parts)).catch(() => undefined);
    await holdOn(parts, 500, 1_500);
  },
  'SIGSTOP all replicas': async (parts) => {
    const primaries = await parts.rig.primaries();
    const replicas = parts.rig.nodes.filter((node) => !primaries.includes(node));
    for (const node of replicas) node.signal('SIGSTOP');
    await sleep(MAX_LAG_MS + NOTICE_MS);
    const over = parts.judge.beginSilence();
    await holdOn(parts, 300, 1_000);
    over();
    for (const node of replicas) node.signal('SIGCONT');
  },
  'kill -9 a replica': async (parts) => {
    const primaries = await parts.rig.primaries();
    const node = parts.random.pick(parts.rig.nodes.filter((each) => !primaries.includes(each)));
    await node.kill();
    await holdOn(parts, 300, 1_500);
    node.start();
  },
  'flush, slow replication, kill': async (parts) => {
    const node = await somePrimary(parts);
    // About a round of the barrier, or more: what is acknowledged too soon is lost either way.
    node.proxy?.delayReplicas(parts.random.pick([40, 150]));
    const untilMs = performance.now() + parts.random.between(600, 1_200);
    while (performance.now() < untilMs) await flush(node.port).catch(() => false);
    await node.kill();
    node.proxy?.heal();
    await holdOn(parts, 3_000, 4_000);
    node.start();
  },
};

/** Injects faults one after another until told to stop; everything is mended in between. */
export class Nemesis {
  readonly counts: Record<string, FaultCount> = {};
  /** What happened when, for the reader of a violation's story. */
  readonly timeline: string[] = [];
  readonly #parts: NemesisParts;
  readonly #faults: readonly (readonly [string, Fault])[];

  constructor(parts: NemesisParts, only?: readonly string[]) {
    this.#parts = parts;
    const all = {
      ...{ ...EVERYWHERE, ...EDGE_FAULTS },
      ...(parts.rig.failover ? WITH_REPLICAS : STANDALONE_FAULTS),
      ...(parts.clocks && CLOCK_FAULTS),
    };
    for (const name of only ?? []) {
      if (!(name in all)) throw new Error(`no such fault here: ${name}`);
    }
    this.#faults = Object.entries(all).filter(([name]) => only?.includes(name) ?? true);
  }

  async run(): Promise<void> {
    const { random, rig, fleet, recorder, isOver } = this.#parts;
    let left: (readonly [string, Fault])[] = [];
    while (!isOver()) {
      await sleep(random.between(...CALM_MS));
      if (isOver()) return;
      // Every kind once before any kind twice.
      if (left.length === 0) left = [...this.#faults];
      const chosen = random.pick(left);
      left = left.filter((each) => each !== chosen);
      const [name, fault] = chosen;
      this.counts[name] ??= { injected: 0, outagesMs: [], recoveriesMs: [] };
      const count = this.counts[name];
      const startMs = performance.now();
      const over = FAILING_OVER.has(name) ? fleet.judge.beginFailover() : undefined;
      await fault(this.#parts);
      const mendedMs = performance.now();
      await rig.settled();
      over?.();
      await sleep(200);
      count.injected += 1;
      const times = [startMs, mendedMs, performance.now()].map((ms) => (ms / 1000).toFixed(3));
      this.timeline.push(`${name}: @${times[0]}s, mended @${times[1]}s, settled @${times[2]}s`);
      if (recorder.lastFailureMs > startMs) {
        count.outagesMs.push(recorder.lastFailureMs - startMs);
        count.recoveriesMs.push(Math.max(0, recorder.lastFailureMs - mendedMs));
      }
    }
  }
}

async function flush(port: number): Promise<boolean> {
  return ask(port, async (redis) => (await redis.script('FLUSH')) === 'OK');
}

async function somePrimary({ rig, random }: NemesisParts): Promise<RedisNode> {
  let primaries: readonly RedisNode[] = [];
  await until('there are primaries', async () => {
    primaries = await rig.primaries();
    return primaries.length > 0;
  });
  return random.pick(primaries);
}
