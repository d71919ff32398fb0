import type { Figure } from './figure.ts';

/** A target and what was measured for it. */
export interface Check {
  readonly claim: string;
  readonly target: number;
  readonly direction: 'at least' | 'at most';
  /** Written after the numbers, such as ` ×` or `/s`. */
  readonly unit: string;
  /** Absent when it could not be measured. */
  readonly value?: number;
  /**
   * The same ratio taken from CPU time per call instead of calls per second. The two agree on a quiet
   * machine; on a busy one only this one means anything.
   */
  readonly byCpu?: number;
  /** Why not. */
  readonly skipped?: string;
}

export type Outcome = 'met' | 'SHORT' | 'skipped';

export function outcomeOf({ value, target, direction }: Check): Outcome {
  if (value === undefined) return 'skipped';
  return (direction === 'at least' ? value >= target : value <= target) ? 'met' : 'SHORT';
}

/** Calls per second of one figure over another's. */
export function throughputRatio(
  claim: string,
  target: number,
  of: Figure | undefined,
  to: Figure | undefined,
  missing?: string | undefined,
): Check {
  const check: Check = { claim, target, direction: 'at least', unit: ' ×' };
  if (!of || !to) return { ...check, skipped: missing ?? 'not measured' };
  const value = of.perSecond.median / to.perSecond.median;
  const byCpu = to.cpuUs.median / of.cpuUs.median;
  return { ...check, value, ...(Number.isFinite(byCpu) && { byCpu }) };
}

/** Any other number against its target. */
export function limit(
  claim: string,
  direction: Check['direction'],
  target: number,
  unit: string,
  value: number | undefined,
  skipped?: string,
): Check {
  const check: Check = { claim, target, direction, unit };
  return value === undefined
    ? { ...check, skipped: skipped ?? 'not measured' }
    : { ...check, value };
}
