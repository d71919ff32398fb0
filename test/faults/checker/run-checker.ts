import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeWorkload } from './edges/edge-workload.ts';
import { EdgeFleet } from './edges/fleet.ts';
import { steppedClock } from './edges/stepped-clock.ts';
import { readEffects } from './effects.ts';
import type { NemesisParts } from './fault.ts';
import type { HeldToken } from './held-token.ts';
import { Judge, type Violation } from './judge.ts';
import { type Mutant, SMALL_OUTBOX } from './mutants.ts';
import { type FaultCount, Nemesis } from './nemesis.ts';
import { Random } from './random.ts';
import { Recorder } from './recorder.ts';
import { startRig, type TopologyName } from './rig.ts';
import { newDeployment, SignumProcess } from './signum-process.ts';
import { Workload } from './workload.ts';

export interface CheckOptions {
  readonly topology: TopologyName;
  /** How long faults are injected, in milliseconds. */
  readonly durationMs: number;
  readonly seed: number;
  readonly servers?: number;
  readonly clients?: number;
  readonly edges?: number;
  /** Kinds of faults that are injected; all that the topology knows when absent. */
  readonly only?: readonly string[] | undefined;
  /** What is broken on purpose; the run ends when it has been found. */
  readonly mutant?: Mutant | undefined;
  /** Told now and then, in a line, how it goes. */
  readonly onProgress?: (line: string) => void;
}

export interface CheckReport {
  readonly topology: TopologyName;
  readonly seed: number;
  readonly seconds: number;
  readonly mutant: string | undefined;
  readonly calls: number;
  readonly validates: number;
  /** Validates of tokens that were dead for certain when they began. */
  readonly validatesAfterEnd: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, FaultCount>>;
  /** Changes found in the feeds, each looked at for having happened once. */
  readonly changes: number;
  readonly edges: EdgeCounts;
  readonly worstOverrunMs: number;
  readonly worstOwnOverrunMs: number;
  readonly violations: readonly Violation[];
  readonly timeline: readonly string[];
  /** The last that the servers wrote to standard error. */
  readonly log: readonly string[];
}

/** What edges and subscribers did. */
export interface EdgeCounts {
  readonly edges: number;
  readonly verdicts: number;
  /** Of them those that the server was asked for. */
  readonly byServer: number;
  /** Fenced revocations that returned, and those of them whose token an edge had accepted. */
  readonly fences: number;
  readonly fencesSeen: number;
  /** Events told to subscribers, acknowledged ends that they were asked about, and RESETs. */
  readonly events: number;
  readonly endsChecked: number;
  readonly resets: number;
  /** Whether clocks could be set. */
  readonly hasClocks: boolean;
}

const SERVERS = 2;
const CLIENTS = 12;
const EDGES = 3;
const EDGE_CLIENTS = 6;
/** How long a primary that was replaced may go on answering: its `min-replicas-max-lag` and a second. */
const DEPOSED_MS = 3_000;
const PROGRESS_MS = 15_000;

/** Clients, servers, edges and faults against one topology; resolves when everything is stopped. */
export async function runChecker(options: CheckOptions): Promise<CheckReport> {
  const { topology, durationMs, seed, mutant } = options;
  const rig = await startRig(topology, { extraArgs: mutant?.redisArgs ?? [] });
  const dir = mkdtempSync(join(tmpdir(), 'signum-faults-'));
  const servers: SignumProcess[] = [];
  let fleet: EdgeFleet | undefined;
  let progress: NodeJS.Timeout | undefined;
  try {
    const deposedMs = rig.failover ? DEPOSED_MS : 0;
    const changed = [SMALL_OUTBOX.name, ...(mutant ? [mutant.name] : [])].join();
    const deployment = await newDeployment(dir, rig.url, changed);
    const clocks = clocksIn(dir);
    const count = options.servers ?? SERVERS;
    for (let i = 0; i < count; i++) {
      servers.push(
        await SignumProcess.start(deployment, {
          SIGNUM_REDIS_FAILOVER_WINDOW: `${deposedMs}ms`,
          ...(i === 0 && rig.linkUrl && { SIGNUM_REDIS_URL: rig.linkUrl }),
          ...(i === count - 1 && clocks?.server.env),
        }),
      );
    }
    const judge = new Judge(rig.promises);
    const recorder = new Recorder(judge);
    const edges = mutant?.edges ?? options.edges ?? EDGES;
    fleet = await EdgeFleet.start({
      ...{ deployment, servers, judge, edges, deposedMs },
      clock: clocks?.edge,
    });
    const crew = fleet;
    const startMs = performance.now();
    const isFound = () => mutant !== undefined && judge.hasFound(mutant.breaks);
    const isOver = () => performance.now() - startMs > durationMs || isFound();
    const shared = { servers, judge, recorder, isOver };
    const parts: NemesisParts = { ...shared, rig, fleet, clocks, random: new Random(seed) };
    const nemesis = new Nemesis(parts, mutant?.faults ?? options.only);
    const load = {
      ...shared,
      replicas: rig.replicas,
      onEnded: (token: HeldToken) => crew.acknowledged(token),
    };
    const workload = new Workload({ ...load, random: new Random(seed + 1) });
    const edgeLoad = new EdgeWorkload({ ...load, random: new Random(seed + 2) }, crew);
    let isDone = false;
    const noise = recorder.watchNoise(servers, () => isDone);
    progress = setInterval(() => {
      const seconds = Math.round((performance.now() - startMs) / 1000);
      const faults = Object.values(nemesis.counts).reduce((sum, each) => sum + each.injected, 0);
      options.onProgress?.(
        `${topology}: ${seconds} of ${durationMs / 1000} s, ${faults} faults, ${recorder.calls} calls, ${crew.judge.verdicts} verdicts of edges, ${judge.violations.length} violations`,
      );
    }, PROGRESS_MS);
    await Promise.all([
      workload.run(options.clients ?? CLIENTS),
      edgeLoad.run(EDGE_CLIENTS),
      nemesis.run(),
    ]);
    await rig.settled();
    // What is still on its way to Redis arrives, or is given up.
    await sleep(500);
    if (!isFound()) await crew.settled();
    const effects = await readEffects(await rig.primaries(), rig.promises);
    for (const fault of effects.faults) judge.violated('an effect twice', fault);
    if (!isFound()) await crew.compare(effects.truths);
    isDone = true;
    await noise;
    return {
      topology,
      seed,
      seconds: Math.round((performance.now() - startMs) / 1000),
      mutant: mutant?.name,
      calls: recorder.calls,
      validates: judge.validates,
      validatesAfterEnd: judge.validatesAfterEnd,
      outcomes: recorder.outcomes,
      faults: nemesis.counts,
      changes: effects.changes,
      edges: {
        edges,
        verdicts: crew.judge.verdicts,
        byServer: crew.judge.byServer,
        fences: crew.judge.fences,
        fencesSeen: crew.judge.ended,
        events: crew.told.events,
        endsChecked: crew.told.checked,
        resets: crew.told.resets,
        hasClocks: clocks !== undefined,
      },
      worstOverrunMs: Math.round(recorder.worstOverrunMs),
      worstOwnOverrunMs: Math.round(recorder.worstOwnOverrunMs),
      violations: judge.violations,
      timeline: nemesis.timeline,
      log: servers.map(({ errors }) => errors),
    };
  } finally {
    clearInterval(progress);
    await fleet?.stop();
    await Promise.all(servers.map((server) => server.kill()));
    for (const server of servers) server.agent.destroy();
    await rig.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function clocksIn(dir: string): NemesisParts['clocks'] {
  const [edge, server] = [steppedClock(dir, 'edge'), steppedClock(dir, 'server')];
  return edge && server && { edge, server };
}
