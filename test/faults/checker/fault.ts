import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeFleet } from './edges/fleet.ts';
import type { SteppedClock } from './edges/stepped-clock.ts';
import type { Judge } from './judge.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';
import type { Rig } from './rig.ts';
import type { SignumProcess } from './signum-process.ts';

export interface NemesisParts {
  readonly rig: Rig;
  readonly servers: readonly SignumProcess[];
  readonly fleet: EdgeFleet;
  /** Of the first edge and of the last server; undefined where clocks cannot be set. */
  readonly clocks: { readonly edge: SteppedClock; readonly server: SteppedClock } | undefined;
  readonly random: Random;
  readonly judge: Judge;
  readonly recorder: Recorder;
  isOver(): boolean;
}

/** Breaks something, for a while, and mends it. */
export type Fault = (parts: NemesisParts) => Promise<void>;

export async function holdOn({ random }: NemesisParts, fromMs: number, toMs: number) {
  await sleep(random.between(Math.round(fromMs), Math.round(toMs)));
}
