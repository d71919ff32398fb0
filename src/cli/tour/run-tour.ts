import { EXIT, type ExitCode } from '../failure/exit.ts';
import { explainFailure } from '../failure/explain-failure.ts';
import { BOUND_STEPS } from './bound-steps.ts';
import { ISSUE_STEPS, SUPERSEDE_STEP } from './issue-steps.ts';
import { KEY_STEPS } from './key-steps.ts';
import { REFRESH_STEPS } from './refresh-steps.ts';
import { REVOKE_STEPS } from './revoke-steps.ts';
import { SESSION_STEPS } from './session-steps.ts';
import type { Outcome, Step, Tour } from './step.ts';
import { VALIDATE_STEPS } from './validate-steps.ts';

/** The whole life of a token, in order: later steps build on what earlier ones left. */
const STEPS: readonly Step[] = [
  ...ISSUE_STEPS,
  ...VALIDATE_STEPS,
  SUPERSEDE_STEP,
  ...REFRESH_STEPS,
  ...BOUND_STEPS,
  ...SESSION_STEPS,
  ...REVOKE_STEPS,
  ...KEY_STEPS,
];

/** How a step went. */
export interface StepReport extends Partial<Outcome> {
  readonly number: number;
  readonly title: string;
  readonly why: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what it failed with. */
  readonly note?: string;
}

export interface TourReport {
  readonly steps: readonly StepReport[];
  readonly exitCode: ExitCode;
}

/** Runs the steps up to the first that fails; `onStep` sees each as it is done. */
export async function runTour(
  tour: Tour,
  onStep: (report: StepReport) => void,
  steps: readonly Step[] = STEPS,
): Promise<TourReport> {
  const reports: StepReport[] = [];
  let exitCode: ExitCode = EXIT.ok;
  for (const [index, step] of steps.entries()) {
    const { exitCode: stepExit, ...report } = await runStep(tour, step, index + 1);
    reports.push(report);
    onStep(report);
    exitCode = stepExit;
    if (exitCode !== EXIT.ok) break;
  }
  return { steps: reports, exitCode };
}

async function runStep(
  tour: Tour,
  step: Step,
  number: number,
): Promise<StepReport & { readonly exitCode: ExitCode }> {
  const about = { number, title: step.title, why: step.why };
  const skipped = step.skip?.(tour);
  if (skipped) return { ...about, status: 'skipped', note: skipped, exitCode: EXIT.ok };
  try {
    const outcome = await step.run(tour);
    const passed = outcome.checks.every(({ holds }) => holds);
    const exitCode = passed ? EXIT.ok : EXIT.negative;
    return { ...about, ...outcome, status: passed ? 'passed' : 'failed', exitCode };
  } catch (error) {
    const { reason, message, next = '', exitCode } = explainFailure(error);
    const note = `${reason}: ${message} ${next}`.trim();
    return { ...about, status: 'failed', note, exitCode };
  }
}
