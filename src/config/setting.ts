import type { Kind } from './kinds/kind.ts';

/** A default that depends on other settings. */
export interface DerivedDefault {
  text(others: OtherSettings): string;
  /** The rule in words, for the documentation. */
  readonly says: string;
}

/** The other settings of a schema, by their variables. */
export interface OtherSettings {
  isSet(env: string): boolean;
  /** As the operator has written it, or its default; empty if there is neither. */
  textOf(env: string): string;
}

interface Described<T> {
  /** The environment variable. The file's key is its lower-case name without the prefix. */
  readonly env: string;
  readonly kind: Kind<T>;
  /** One sentence or two, for the documentation. */
  readonly doc: string;
  /** A variable of another convention, read when neither the environment nor the file has this. */
  readonly fallbackEnv?: string;
}

/** One setting: everything that reading, checking, printing and documenting it takes. */
export interface Setting<T> extends Described<T> {
  /** As the operator would write it; absent if there is none. */
  readonly default?: string | DerivedDefault;
  readonly required: boolean;
}

export interface Group {
  readonly title: string;
  readonly settings: { readonly [name: string]: Setting<unknown> };
}

/** Every setting, by group and name, in the shape that the configuration has. */
export type Schema = { readonly [group: string]: Group };

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The values of a schema's settings. */
export type ValuesOf<S extends Schema> = {
  readonly [G in keyof S]: {
    readonly [N in keyof S[G]['settings']]: ValueOf<S[G]['settings'][N]>;
  };
};

export function required<T>(described: Described<T>): Setting<T> {
  return { ...described, required: true };
}

export function optional<T>(described: Described<T>): Setting<T | undefined> {
  // A value that is absent is never parsed or formatted, so the kind need not know of it.
  return { ...described, kind: described.kind as Kind<T | undefined>, required: false };
}

export function defaulted<T>(
  described: Described<T> & { readonly default: string | DerivedDefault },
): Setting<T> {
  return { ...described, required: false };
}

/** Every setting of a schema, in the order it is written in. */
export function settingsOf(schema: Schema): readonly Setting<unknown>[] {
  return Object.values(schema).flatMap((group) => Object.values(group.settings));
}
