import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEffects } from './effects.ts';
import { Judge, type Violation } from './judge.ts';
import type { Mutant } from './mutants.ts';
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
  /** What is broken on purpose; the run ends when it has been found. */
  readonly mutant?: Mutant | undefined;
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
  readonly worstOverrunMs: number;
  readonly worstOwnOverrunMs: number;
  readonly violations: readonly Violation[];
  readonly timeline: readonly string[];
  /** The last that the servers wrote to standard error. */
  readonly log: readonly string[];
}

/** Clients, servers and faults against one topology; resolves when everything is stopped. */
export async function runChecker(options: CheckOptions): Promise<CheckReport> {
  const { topology, durationMs, seed, mutant } = options;
  const rig = await startRig(topology, { extraArgs: mutant?.redisArgs ?? [] });
  const dir = mkdtempSync(join(tmpdir(), 'signum-faults-'));
  const servers: SignumProcess[] = [];
  try {
    const deployment = await newDeployment(dir, rig.url, mutant?.name);
    for (let i = 0; i < (options.servers ?? 2); i++) {
      servers.push(await SignumProcess.start(deployment));
    }
    const judge = new Judge(rig.promises);
    const recorder = new Recorder(judge);
    const startMs = performance.now();
    const isOver = () =>
      performance.now() - startMs > durationMs ||
      (mutant !== undefined && judge.hasFound(mutant.breaks));
    const shared = { servers, judge, recorder, isOver };
    const nemesis = new Nemesis({ ...shared, rig, random: new Random(seed) }, mutant?.faults);
    const workload = new Workload({
      ...shared,
      replicas: rig.replicas,
      random: new Random(seed + 1),
    });
    let isDone = false;
    const noise = recorder.watchNoise(servers, () => isDone);
    await Promise.all([workload.run(options.clients ?? 12), nemesis.run()]);
    await rig.settled();
    // What is still on its way to Redis arrives, or is given up.
    await sleep(500);
    const effects = await readEffects(await rig.primaries());
    for (const fault of effects.faults) judge.violated('an effect twice', fault);
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
      worstOverrunMs: Math.round(recorder.worstOverrunMs),
      worstOwnOverrunMs: Math.round(recorder.worstOwnOverrunMs),
      violations: judge.violations,
      timeline: nemesis.timeline,
      log: servers.map(({ errors }) => errors),
    };
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    for (const server of servers) server.agent.destroy();
    await rig.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
