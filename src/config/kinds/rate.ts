import { type Kind, scalar } from './kind.ts';

/** How many calls are allowed: so many a second in the long run, and `burst` of them at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600 } as const;
const MAX = 1_000_000;

/** A rate limit; undefined when it is switched off with `0`. */
export const rate: Kind<Rate | undefined> = scalar<Rate | undefined>({
  name: 'rate',
  allowed: `0 (off), or N/s, N/m, N/h with a burst: 20/s:200; without one the burst is N; N and burst 1 to ${MAX}`,
  parse: (text) => {
    if (text === '0') return { value: undefined };
    const match = /^(\d{1,9})\/([smh])(?::(\d{1,9}))?$/.exec(text);
    if (!match) return { fault: 'must be 0, or a rate such as 20/s or 20/s:200' };
    const count = Number(match[1]);
    const burst = Number(match[3] ?? match[1]);
    if (count < 1 || count > MAX) return { fault: `must allow 1 to ${MAX} calls in a period` };
    if (burst < 1 || burst > MAX) return { fault: `must have a burst of 1 to ${MAX}` };
    const perSecond = count / UNIT_SECONDS[match[2] as keyof typeof UNIT_SECONDS];
    return { value: { perSecond, burst } };
  },
  format: formatRate,
});

/** In the shortest period in which the rate is a whole number. */
function formatRate(value: Rate | undefined): string {
  if (!value) return '0';
  const { perSecond, burst } = value;
  for (const [unit, seconds] of Object.entries(UNIT_SECONDS)) {
    const count = Math.round(perSecond * seconds);
    if (count / seconds === perSecond) return `${count}/${unit}:${burst}`;
  }
  return `${perSecond}/s:${burst}`;
}
