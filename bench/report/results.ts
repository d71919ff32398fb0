import type { Machine } from '../lab/machine.ts';
import type { Check } from '../measure/check.ts';
import type { Figure } from '../measure/figure.ts';
import type { Plot } from './svg-plot.ts';

/** Everything that a run has found: the content of `--json`. */
export interface Results {
  readonly machine: Machine;
  readonly command: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly tls: boolean;
  readonly scenarios: readonly ScenarioResult[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
  readonly plots: readonly Plot[];
  readonly notes: readonly string[];
  /** Where the server's time goes, if it was profiled. */
  readonly profile?: ServerProfile;
  /** Why the whole scenario has nothing to show. */
  readonly failed?: string;
}

/** Self time: of a function or part itself, not of what it calls. */
export interface ServerProfile {
  readonly functions: readonly ProfileLine[];
  /** By package, or folder of src. */
  readonly parts: readonly ProfileLine[];
}

export interface ProfileLine {
  readonly name: string;
  /** Share of the time on the CPU, 0 to 1. */
  readonly share: number;
}
