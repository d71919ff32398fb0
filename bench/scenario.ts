import type { Contender } from './contenders/contender.ts';
import type { Lab } from './lab/lab.ts';
import type { Signum } from './lab/signum.ts';
import type { Check } from './measure/check.ts';
import type { Figure } from './measure/figure.ts';
import type { Plot } from './report/svg-plot.ts';

/** A load and what it is held against. */
export interface Scenario {
  readonly name: string;
  /** Scenarios that belong together can be chosen together. */
  readonly group?: string;
  /** What is measured, for the report. */
  readonly title: string;
  run(lab: Lab): Promise<Findings>;
}

export interface Findings {
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
  readonly plots?: readonly Plot[];
  readonly notes?: readonly string[];
  /** The load of this scenario on some server, so that the server can be profiled under it. */
  readonly load?: (signum: Signum) => Promise<Contender>;
}
