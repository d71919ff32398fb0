import type { Contender } from '../contenders/contender.ts';
import { cpuBusyMs, cpuMs } from '../lab/proc.ts';
import { type Figure, figureOf, type Sample } from './figure.ts';

export interface RoundsOptions {
  readonly seconds: number;
  readonly rounds: number;
  readonly warmUpSeconds: number;
  /** The CPU that every contender serves on. */
  readonly serverCpu: number;
  log(line: string): void;
}

/**
 * Measures contenders in turn, A B C A B C …, so that whatever drifts on the machine drifts for all
 * of them. Each has been warmed up before its first round.
 */
export async function measureRounds(
  contenders: readonly Contender[],
  options: RoundsOptions,
): Promise<Figure[]> {
  const samples = contenders.map((): Sample[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      if (round === 0 && options.warmUpSeconds > 0) await contender.load(options.warmUpSeconds);
      const sample = await measure(contender, options);
      samples[index]?.push(sample);
      options.log(
        `  round ${round + 1}/${options.rounds} ${contender.name}: ` +
          `${Math.round(sample.perSecond)}/s, ${sample.cpuUs.toFixed(1)} us CPU a call`,
      );
    }
  }
  return contenders.map(({ name }, index) => figureOf(name, samples[index] ?? []));
}

/** How often a load is tried that not one call has come through. */
const TRIES = 3;

/** On a machine that is busy with other things it can take seconds until all connections are made. */
async function measure(
  contender: Contender,
  options: RoundsOptions,
  tries = TRIES,
): Promise<Sample> {
  const sample = await measureOnce(contender, options);
  return sample.load.calls > 0 || tries <= 1 ? sample : measure(contender, options, tries - 1);
}

async function measureOnce(contender: Contender, options: RoundsOptions): Promise<Sample> {
  const cpuBefore = cpuOf(contender);
  const busyBefore = cpuBusyMs(options.serverCpu);
  const load = await contender.load(options.seconds);
  const cpu = load.cpuMs ?? cpuOf(contender) - cpuBefore;
  const others = Math.max(0, cpuBusyMs(options.serverCpu) - busyBefore - cpu);
  const ms = load.seconds * 1_000;
  const calls = load.calls * (contender.callsPerRequest ?? 1);
  return {
    load,
    perSecond: calls / load.seconds,
    cpuUs: calls === 0 ? 0 : (cpu * 1_000) / calls,
    busy: cpu / ms,
    disturbed: others / ms,
  };
}

function cpuOf({ pid, otherPids = [] }: Contender): number {
  return [pid, ...otherPids].reduce((sum, each) => sum + cpuMs(each), 0);
}
