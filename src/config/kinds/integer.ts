import { type Kind, scalar } from './kind.ts';

/** A whole number without sign. */
export function integer(range: { readonly min: number; readonly max: number }): Kind<number> {
  return scalar({
    name: 'integer',
    allowed: `${range.min} to ${range.max}`,
    parse: (text) => {
      if (!/^\d{1,15}$/.test(text)) return { fault: 'must be a whole number' };
      const value = Number(text);
      if (value < range.min) return { fault: `must be at least ${range.min}` };
      if (value > range.max) return { fault: `must be at most ${range.max}` };
      return { value };
    },
    format: String,
  });
}
