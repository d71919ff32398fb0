import { type Kind, type Parsed, scalar } from './kind.ts';

export interface DurationRange {
  readonly min: string;
  readonly max: string;
  /** Whether fractions of a second are refused: JWT instants are whole seconds. */
  readonly wholeSeconds?: boolean;
  /** Whether 0, which switches something off, is allowed although it is below `min`. */
  readonly orZero?: boolean;
}

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** A duration in milliseconds, written with its unit: `250ms`, `10s`, `15m`, `24h`, `7d`. */
export function duration(range: DurationRange): Kind<number> {
  const minMs = mustParse(range.min);
  const maxMs = mustParse(range.max);
  const zero = range.orZero ? '0, or ' : '';
  const whole = range.wholeSeconds ? ', whole seconds' : '';
  return scalar({
    name: 'duration',
    allowed: `${zero}${range.min} to ${range.max}${whole}`,
    parse: (text) => {
      const parsed = parseDuration(text);
      if ('fault' in parsed || (range.orZero && parsed.value === 0)) return parsed;
      if (parsed.value < minMs) return { fault: `must be at least ${range.min}` };
      if (parsed.value > maxMs) return { fault: `must be at most ${range.max}` };
      if (range.wholeSeconds && parsed.value % 1_000 !== 0)
        return { fault: 'must be whole seconds' };
      return parsed;
    },
    format: formatDuration,
  });
}

/** Milliseconds in the largest unit that holds them exactly. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0';
  for (const [unit, unitMs] of Object.entries(UNIT_MS)) {
    if (ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}

function parseDuration(text: string): Parsed<number> {
  if (text === '0') return { value: 0 };
  const match = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text);
  if (!match) return { fault: 'must be a whole number and a unit: ms, s, m, h or d' };
  return { value: Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] };
}

function mustParse(text: string): number {
  const parsed = parseDuration(text);
  if ('fault' in parsed) throw new TypeError(`${text} ${parsed.fault}`);
  return parsed.value;
}
