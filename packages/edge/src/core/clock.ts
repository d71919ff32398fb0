import { platform, uptime } from 'node:os';

/** The clocks of this machine, in milliseconds. */
export interface Clock {
  /** Never set, and slewed by at most half a thousandth; stands still while the machine sleeps. */
  monotonicMs(): number;
  /** The time of day; may be set. */
  wallMs(): number;
  /** Time since boot, sleep included; coarse. */
  uptimeMs(): number;
  /** In what steps the time since boot is told. */
  readonly uptimeStepMs: number;
}

export const MACHINE_CLOCK: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  uptimeMs: () => uptime() * 1_000,
  uptimeStepMs: platform() === 'darwin' ? 1_000 : 10,
};
