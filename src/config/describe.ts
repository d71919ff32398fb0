import type { Sources } from './load.ts';
import { type Schema, settingsOf, type ValuesOf } from './setting.ts';

/** One setting as it is in force. */
export interface ConfigRow {
  /** The environment variable. */
  readonly name: string;
  /** The value as the operator would write it, a secret masked; empty if there is none. */
  readonly value: string;
  readonly source: Sources[string];
}

/** Lists the settings in force, for people to read. Never shows a secret. */
export function describe<S extends Schema>(
  schema: S,
  config: ValuesOf<S> & { readonly sources: Sources },
): readonly ConfigRow[] {
  const values = Object.entries(schema).flatMap(([group, { settings }]) =>
    Object.keys(settings).map((key) => (config[group] as Record<string, unknown>)[key]),
  );
  return settingsOf(schema).map(({ env, kind, default: fallback }, index) => {
    const value = values[index];
    const isAbsent = value === undefined && fallback === undefined;
    const shown = isAbsent ? '' : kind.format(value);
    return { name: env, value: shown, source: config.sources[env] ?? 'default' };
  });
}
