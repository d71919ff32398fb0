import { CLOCK_DRIFT } from '../../src/revocations/core/lease-terms.ts';
import { createEdge, type Edge } from './edge.ts';
import { LEASE_MS } from './feed-parts.ts';
import { createServer } from './server.ts';
import { createStore, DEPOSED_MS, endedAt, has, type Token, type Wanted } from './store.ts';
import type { Server } from './subscriber.ts';
import { createWorld } from './world.ts';

const PARTITIONS = 2;
const DURATION_MS = 3_000;

export interface Violation {
  readonly rule: string;
  readonly what: string;
}

/** What happened in a schedule, and what of it must not happen. */
export interface Run {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly steps: readonly string[];
  readonly accepted: number;
  readonly fenced: number;
}

/** Runs the schedule that a seed stands for; the same seed is the same schedule. */
export function runSchedule(seed: number, { keepSteps = false } = {}): Run {
  const world = createWorld(seed, { keepSteps });
  const { random } = world;
  const store = createStore(world, PARTITIONS);
  const violations: Violation[] = [];
  /** When the fence of a change returned, in true time. */
  const fences: {
    readonly change: Wanted;
    readonly partition: number;
    readonly revision: number;
    readonly atMs: number;
  }[] = [];
  /** What has been ended by fences that have not returned. */
  const waitedFor: Wanted[] = [];
  /** Edges that reach no server for a while. */
  const away = new Set<Edge>();
  let accepted = 0;
  let serversMade = 0;
  let edgesMade = 0;

  const complain = (rule: string, what: string): void => {
    world.note(() => `VIOLATION ${rule}: ${what}`);
    violations.push({ rule, what });
  };
  const newServer = () => {
    serversMade += 1;
    return createServer(world, `s${serversMade}`, store, {
      onCommitted: (change) => waitedFor.push(change),
      onFenced: (change, partition, revision) => {
        waitedFor.splice(waitedFor.indexOf(change), 1);
        fences.push({ change, partition, revision, atMs: world.now() });
        const token = store.tokens.find((one) => fencedAt(one) === world.now());
        if (token) for (const edge of edges) ask(edge, token);
      },
    });
  };
  const newEdge = () => {
    edgesMade += 1;
    return createEdge(world, {
      name: `e${edgesMade}`,
      ...{ store, complain, servers: () => servers },
    });
  };
  for (const node of store.primaries) {
    for (let i = 0; i < 5; i += 1) store.issue(node, random.between(0, 20_000));
  }
  const servers: Server[] = Array.from({ length: random.between(1, 3) }, newServer);
  const edges: Edge[] = Array.from({ length: random.between(1, 3) }, newEdge);

  function fencedAt(token: Token): number | undefined {
    return fences.find(({ change, partition, revision }) => {
      if (partition !== token.partition) return false;
      if ('token' in change) return change.token === token;
      if ('userOf' in change) return change.userOf === token;
      return change.tenantId === token.tenantId && revision > token.revision;
    })?.atMs;
  }

  /** Rule 8 has a bound that is longer for a while after a failover. */
  function mayBeOldMs(token: Token, sinceMs: number): number {
    const failedOverMs = store.failedOverMs[token.partition] as number;
    return sinceMs - failedOverMs < DEPOSED_MS ? DEPOSED_MS : 0;
  }

  function ask(edge: Edge, token: Token): void {
    const { accepted: isAccepted, lookedMs, stalenessMs } = edge.accepts(token);
    if (!isAccepted) return;
    accepted += 1;
    const overMs = fencedAt(token);
    if (overMs !== undefined && overMs <= lookedMs) {
      complain(
        'over when it returns',
        `${edge.name} accepts token ${token.name}, fenced at ${overMs.toFixed(1)}`,
      );
    }
    const primary = store.primaries[token.partition] as (typeof store.primaries)[number];
    const lostMs = store.failedOverMs[token.partition] as number;
    if (
      !has(primary.log, token) &&
      lookedMs - lostMs > stalenessMs / (1 - CLOCK_DRIFT) + DEPOSED_MS
    ) {
      complain('no lost session', `${edge.name} accepts token ${token.name}, which is lost`);
    }
    const sinceMs = endedAt(primary.log, token);
    if (sinceMs === undefined || sinceMs > lookedMs) return;
    const boundMs = stalenessMs / (1 - CLOCK_DRIFT) + mayBeOldMs(token, sinceMs);
    if (lookedMs - sinceMs > boundMs + 1e-6) {
      complain(
        'no staler than it says',
        `${edge.name} accepts token ${token.name}, ended ${(lookedMs - sinceMs).toFixed(1)} ms ago, at a staleness of ${stalenessMs.toFixed(1)} ms`,
      );
    }
  }

  function anything(): { readonly wanted: Wanted; readonly partition: number } {
    const token = random.pick(store.tokens);
    const { partition, tenantId } = token;
    const wanted = random.pick<Wanted>([{ token }, { token }, { userOf: token }, { tenantId }]);
    return { wanted, partition };
  }

  function replace<T>(list: T[], make: () => T): T {
    const at = random.between(0, list.length - 1);
    const before = list[at] as T;
    list[at] = make();
    return before;
  }

  /** Each schedule has its own kinds of trouble: all of them at once hide one another. */
  const some = (weight: number): number => (random.next() < 0.4 ? weight : 0);
  /** A clock that is set back by just as long as the machine slept would hide the sleep. */
  const clocks = random.pick(['SET', 'SUSPENDED', 'LEFT ALONE']);
  const reconnects = random.pick([0.3, 0.02]);
  const paceMs = random.pick([40, 40, 40, 200]);
  /** What may happen, and how often beside the others. */
  const actions: readonly (readonly [number, () => void])[] = [
    [10, () => {}],
    [6, () => store.issue(random.pick(store.primaries), 0)],
    [5, () => revoke(true)],
    [4, () => revoke(false)],
    [some(4), () => reconnect(random.pick(edges))],
    [some(2), () => random.pick(edges).disconnect()],
    [some(2), () => sleep()],
    [some(8), () => pauseWithin(random.pick(edges), oneWaitedFor())],
    [some(2), () => strike()],
    [clocks === 'SET' ? 1 : 0, () => random.pick(edges).clock.setBy(step())],
    [some(1), () => replace(edges, newEdge).stop()],
    [some(1), () => replace(servers, newServer).stop()],
    [some(1), () => random.pick(servers).loseSource(random.between(0, PARTITIONS - 1))],
    [some(2), () => failOver(random.between(0, PARTITIONS - 1))],
    [some(1), () => store.loseTable()],
  ];
  const weights = actions.reduce((sum, [weight]) => sum + weight, 0);

  /** The primary before still answers: what is done there meanwhile is lost, and edges go to others. */
  function failOver(partition: number): void {
    const before = store.primaries[partition];
    store.failOver(partition);
    if (random.next() < 0.5) for (const edge of edges) reconnect(edge);
    for (let i = random.between(0, 2); i > 0; i -= 1) {
      world.after(random.between(0, DEPOSED_MS), () => {
        if (before && store.answers(before)) store.issue(before, 0);
      });
    }
    const tokens = store.tokens.filter((token) => token.partition === partition);
    // Whether an edge goes on accepting those that are lost, or begins again.
    const { log = [] } = store.primaries[partition] ?? {};
    const lost = tokens.filter((token) => !has(log, token));
    for (let i = lost.length > 0 ? 20 : 0; i > 0; i -= 1) {
      const token = random.pick(lost);
      world.after(random.between(0, 3 * DEPOSED_MS), () => {
        for (const edge of edges) ask(edge, token);
      });
    }
    for (let i = random.between(0, 6); i > 0; i -= 1) {
      const token = random.pick(tokens);
      world.after(random.between(0, 50), () => {
        if (before && store.answers(before)) store.end(before, { token }, true);
      });
    }
  }
  /** By how much somebody sets a clock: most are put right by a little, which nobody notices. */
  function step(): number {
    return random.next() < 0.7 ? random.between(-49, 49) : random.between(-3_000, 3_000);
  }
  function revoke(isFenced: boolean): void {
    const { partition, wanted } = anything();
    random.pick(servers).revoke(partition, wanted, isFenced);
  }
  function reconnect(edge: Edge): void {
    if (!away.has(edge)) edge.connect(random.pick(servers));
  }
  function sleep(): void {
    const edge = random.pick(edges);
    // What is short may not be noticed, and has to count all the same.
    const durationMs = random.between(5, random.pick([49, 1.5 * LEASE_MS]));
    const isSuspended = clocks === 'SUSPENDED' && random.next() < 0.5;
    world.note(
      () => `${edge.name} ${isSuspended ? 'is suspended' : 'sleeps'} for ${durationMs} ms`,
    );
    edge.sleep(durationMs, isSuspended);
    // What it does first when it wakes is to answer from what it knew.
    world.after(durationMs, () => ask(edge, random.pick(store.tokens)));
  }
  function pauseWithin(edge: Edge, token: Token): void {
    edge.pauseWithin(random.next() < 0.7 ? random.between(1, 49) : random.between(1, LEASE_MS));
    ask(edge, token);
  }
  /** An edge is cut off with a fresh lease, just when a token ends; it is asked as both run out. */
  function strike(): void {
    const edge = random.pick(edges);
    const token = random.pick(store.tokens);
    edge.renew();
    const cutMs = random.between(5, 20);
    world.after(cutMs, () => {
      edge.disconnect();
      away.add(edge);
    });
    world.after(1.1 * LEASE_MS, () => away.delete(edge));
    world.after(cutMs + random.between(-3, 8), () => {
      random.pick(servers).revoke(token.partition, { token }, true);
    });
    for (let i = 0; i < 10; i += 1) {
      world.after(LEASE_MS + random.between(-15, 25), () => pauseWithin(edge, token));
    }
  }

  /** Where a fence is about to return is where it is interesting. */
  function oneWaitedFor(): Token {
    const change = waitedFor.length > 0 ? random.pick(waitedFor) : undefined;
    if (change && 'token' in change) return change.token;
    if (change && 'userOf' in change) return change.userOf;
    const of = store.tokens.filter(({ tenantId }) => tenantId === change?.tenantId);
    return random.pick(of.length > 0 ? of : store.tokens);
  }

  function act(): void {
    let at = random.next() * weights;
    for (const [weight, action] of actions) {
      at -= weight;
      if (at < 0) {
        action();
        break;
      }
    }
    for (const edge of edges) if (!edge.isConnected && random.next() < reconnects) reconnect(edge);
    for (const edge of edges) ask(edge, random.pick(store.tokens));
    world.after(random.next() * paceMs, act);
  }

  for (const edge of edges) reconnect(edge);
  world.after(0, act);
  world.runUntil(DURATION_MS);
  return { seed, violations, steps: world.steps, accepted, fenced: fences.length };
}
