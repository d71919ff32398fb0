/** A setting's value as it stands in its source; only the file can hold a list as such. */
export type Raw = string | readonly string[];

/** A fault is a predicate without the value: `must be at most 24h`. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

/** What a setting's value may be. */
export interface Kind<T> {
  /** How the documentation calls it. */
  readonly name: string;
  /** The allowed values, in the spelling that the operator uses; empty if anything goes. */
  readonly allowed: string;
  /** Whether the value must never be printed. */
  readonly secret: boolean;
  parse(raw: Raw): Parsed<T>;
  /** The value as the operator would write it; a secret one is masked. */
  format(value: T): string;
}

export interface Scalar<T> {
  readonly name: string;
  readonly allowed: string;
  readonly secret?: boolean;
  parse(text: string): Parsed<T>;
  format(value: T): string;
}

/** A kind whose values are single: a list is a fault. */
export function scalar<T>(spec: Scalar<T>): Kind<T> {
  return {
    ...spec,
    secret: spec.secret ?? false,
    parse: (raw) =>
      typeof raw === 'string' ? spec.parse(raw.trim()) : { fault: 'must be one value, not a list' },
  };
}
