import { type Kind, scalar } from './kind.ts';

export interface ByteRange {
  readonly min: number;
  readonly max: number;
}

const UNIT_BYTES = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, B: 1 } as const;

/** A size in bytes, written with its unit: `512B`, `64KiB`, `2MiB`. */
export function byteSize(range: ByteRange): Kind<number> {
  return scalar({
    name: 'size',
    allowed: `${formatBytes(range.min)} to ${formatBytes(range.max)}`,
    parse: (text) => {
      const match = /^(\d{1,12})(B|KiB|MiB|GiB)$/.exec(text);
      if (!match) return { fault: 'must be a whole number and a unit: B, KiB, MiB or GiB' };
      const value = Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES];
      if (value < range.min) return { fault: `must be at least ${formatBytes(range.min)}` };
      if (value > range.max) return { fault: `must be at most ${formatBytes(range.max)}` };
      return { value };
    },
    format: formatBytes,
  });
}

function formatBytes(bytes: number): string {
  for (const [unit, unitBytes] of Object.entries(UNIT_BYTES)) {
    if (bytes >= unitBytes && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return `${bytes}B`;
}
