import { closest } from './closest.ts';
import { ConfigError, type ConfigFault } from './config-error.ts';
import { type Environment, type Found, findRaw, type Source } from './find-raw.ts';
import { freeze } from './freeze.ts';
import { CONFIG_FILE_ENV, isOurs } from './names.ts';
import type { ConfigFile } from './read-config-file.ts';
import type { Rule } from './rules.ts';
import {
  type OtherSettings,
  type Schema,
  type Setting,
  settingsOf,
  type ValuesOf,
} from './setting.ts';
import { shown } from './shown.ts';

/** Where each setting's value comes from, by its variable. */
export type Sources = { readonly [env: string]: Source };

export interface LoadInput<S extends Schema> {
  readonly schema: S;
  readonly rules: readonly Rule<ValuesOf<S>>[];
  readonly env: Environment;
  readonly file: ConfigFile;
  /** Every variable that is known, of this schema or another. */
  readonly known: readonly string[];
}

/** Reads, checks and freezes every setting of a schema. Throws ConfigError with every fault. */
export function load<S extends Schema>(
  input: LoadInput<S>,
): ValuesOf<S> & { readonly sources: Sources } {
  const { schema, rules, env, file, known } = input;
  const faults: ConfigFault[] = [...unknownNames(env, known), ...file.faults];
  const found = new Map<string, Found>();
  for (const setting of settingsOf(schema)) found.set(setting.env, findRaw(setting, env, file));
  const others: OtherSettings = {
    isSet: (name) => (found.get(name)?.source ?? 'default') !== 'default',
    textOf(name) {
      const setting = settingsOf(schema).find((each) => each.env === name);
      const raw = found.get(name)?.raw ?? (setting && defaultText(setting, others));
      return typeof raw === 'string' ? raw : '';
    },
  };

  const unsound = new Set<string>();
  const read = (setting: Setting<unknown>) => {
    const result = readSetting(setting, found.get(setting.env), others);
    if ('value' in result) return result.value;
    faults.push(result);
    unsound.add(setting.env);
    return undefined;
  };
  const values = mapSettings(schema, read) as ValuesOf<S>;
  for (const { on, says, holds } of rules) {
    if (on.some((name) => unsound.has(name)) || holds(values)) continue;
    faults.push({ setting: on[0], fault: says, allowed: '' });
  }
  if (faults.length > 0) throw new ConfigError(faults);
  const sources = Object.fromEntries([...found].map(([name, { source }]) => [name, source]));
  return freeze({ ...values, sources });
}

/** One setting that does not depend on others. Throws ConfigError with its fault. */
export function loadOne<T>(setting: Setting<T>, env: Environment, file: ConfigFile): T {
  const alone: OtherSettings = { isSet: () => false, textOf: () => '' };
  const result = readSetting(setting, findRaw(setting, env, file), alone);
  if ('value' in result) return result.value as T;
  throw new ConfigError([...file.faults, result]);
}

function unknownNames(env: Environment, known: readonly string[]): ConfigFault[] {
  const all = [...known, CONFIG_FILE_ENV];
  const unknown = Object.keys(env).filter((name) => isOurs(name) && !all.includes(name));
  return unknown.sort().map((name) => {
    const near = closest(name, all);
    const hint = near ? `: did you mean ${near}?` : '';
    return { setting: name, fault: `is not a setting${hint}`, allowed: '' };
  });
}

function readSetting(
  setting: Setting<unknown>,
  found: Found | undefined,
  others: OtherSettings,
): { readonly value: unknown } | ConfigFault {
  const { kind } = setting;
  const name = found?.origin ?? setting.env;
  if (found?.fault) return { setting: name, fault: found.fault, allowed: '' };
  const raw = found?.raw ?? defaultText(setting, others);
  if (raw === undefined) {
    if (!setting.required) return { value: undefined };
    return { setting: name, fault: 'is required', allowed: kind.allowed };
  }
  const parsed = kind.parse(raw);
  if ('value' in parsed) return parsed;
  // A default that is unsound was taken over from a setting that is reported itself.
  if (found?.raw === undefined) return { value: undefined };
  const quoted = kind.secret ? undefined : shown(String(raw));
  return {
    setting: quoted ? `${name}=${quoted}` : name,
    fault: parsed.fault,
    allowed: kind.allowed,
  };
}

function defaultText(setting: Setting<unknown>, others: OtherSettings) {
  const { default: fallback } = setting;
  return typeof fallback === 'object' ? fallback.text(others) : fallback;
}

function mapSettings(schema: Schema, read: (setting: Setting<unknown>) => unknown) {
  const groups = Object.entries(schema).map(([name, { settings }]) => {
    const entries = Object.entries(settings).map(([key, setting]) => [key, read(setting)]);
    return [name, Object.fromEntries(entries)];
  });
  return Object.fromEntries(groups);
}
