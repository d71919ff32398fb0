import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisNode } from '../../../setup/redis-node.ts';
import { type Fault, holdOn, type NemesisParts } from '../fault.ts';
import { LEASE_MS } from '../signum-process.ts';
import type { EdgeProcess } from './fleet.ts';

const OFFSETS = ['-1h', '+1h', '-3', '+3', '-0.2', '+0.2'] as const;
/** A process with a clock of its own looks at it once a second. */
const NOTICED_MS = 1_100;

/** What happens to edges, and to what they hear from. */
export const EDGE_FAULTS: Readonly<Record<string, Fault>> = {
  'SIGSTOP an edge': async (parts) => {
    const edge = someEdge(parts);
    edge.signal('SIGSTOP');
    await holdOn(parts, 50, 2 * LEASE_MS);
    edge.signal('SIGCONT');
  },
  'kill -9 an edge': async (parts) => {
    await parts.fleet.restart(someEdge(parts));
  },
  'partition an edge': async (parts) => {
    const edge = someEdge(parts);
    cutOff(edge);
    await holdOn(parts, 50, 2 * LEASE_MS);
    heal(edge);
  },
  'partition an edge that has just begun': async (parts) => {
    const edge = someEdge(parts);
    await edge.kill();
    // Its lease before is over, and whoever waits for edges need not wait for it.
    await sleep(1.2 * LEASE_MS);
    await parts.fleet.restart(edge);
    cutOff(edge);
    await holdOn(parts, 200, 1.5 * LEASE_MS);
    heal(edge);
  },
  'reset the connections of an edge': async (parts) => {
    for (const link of someEdge(parts).links) link.cut();
  },
  'reset the connections of a subscriber': async (parts) => {
    for (const link of parts.fleet.subscriber?.links ?? []) link.cut();
  },
  'slow down an edge': async (parts) => {
    const edge = someEdge(parts);
    const delayMs = parts.random.between(20, 200);
    for (const link of edge.links) link.delay(delayMs);
    await holdOn(parts, 300, 1_500);
    heal(edge);
  },
  'kill -9 a server while fences wait': async (parts) => {
    const edge = someEdge(parts);
    const server = parts.random.pick(parts.servers);
    // No fence returns before its lease is over.
    cutOff(edge);
    await holdOn(parts, 100, 0.8 * LEASE_MS);
    const over = parts.recorder.disturb(server);
    await server.kill();
    await server.start();
    over();
    heal(edge);
  },
  'a reader that is slow': async (parts) => {
    const pauseMs = parts.random.between(2_000, 6_000);
    parts.fleet.pauseReader(pauseMs);
    await sleep(pauseMs);
  },
};

/** With libfaketime. */
export const CLOCK_FAULTS: Readonly<Record<string, Fault>> = {
  'set the clock of an edge': (parts) => step(parts, parts.clocks?.edge),
  'set the clock of a server': (parts) => step(parts, parts.clocks?.server),
};

/** Where there is one Redis, and no replica takes its place. */
export const STANDALONE_FAULTS: Readonly<Record<string, Fault>> = {
  'partition a server from Redis': async (parts) => {
    parts.rig.link?.blackhole();
    await holdOn(parts, 100, 2.5 * LEASE_MS);
    parts.rig.link?.heal();
  },
  'cut off the tail of the log': async (parts) => {
    const [node] = parts.rig.nodes as [RedisNode];
    const over = parts.judge.beginLoss();
    const before = logOf(node);
    await holdOn(parts, 100, 500);
    await node.kill();
    const after = logOf(node);
    if (before.file === after.file && before.bytes < after.bytes) {
      truncateSync(after.file, parts.random.between(before.bytes, after.bytes - 1));
      node.tornAtMs.push(Date.now());
    }
    await holdOn(parts, 50, 500);
    node.start();
    await parts.rig.settled();
    over();
  },
};

function someEdge({ fleet, random }: NemesisParts): EdgeProcess {
  return random.pick(fleet.edges);
}

function cutOff({ links }: EdgeProcess): void {
  for (const link of links) link.blackhole();
}

function heal({ links }: EdgeProcess): void {
  for (const link of links) link.heal();
}

async function step(parts: NemesisParts, clock: { set(offset: string): void } | undefined) {
  clock?.set(parts.random.pick(OFFSETS));
  await sleep(NOTICED_MS);
  await holdOn(parts, 100, 1_000);
  clock?.set('+0');
  await sleep(NOTICED_MS);
}

/** The file that Redis appends to, which holds everything that it has answered. */
function logOf({ dir }: RedisNode): { readonly file: string; readonly bytes: number } {
  const folder = join(dir, 'appendonlydir');
  const names = readdirSync(folder).filter((name) => name.endsWith('.incr.aof'));
  const numberOf = (name: string) => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
  const [newest = ''] = names.sort((a, b) => numberOf(b) - numberOf(a));
  const file = join(folder, newest);
  return { file, bytes: statSync(file).size };
}
