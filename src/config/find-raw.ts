import type { Raw } from './kinds/kind.ts';
import { fileKey, secretFileName } from './names.ts';
import type { ConfigFile } from './read-config-file.ts';
import { readTextFile } from './read-text-file.ts';
import type { Setting } from './setting.ts';

/** Environment variables, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value comes from. */
export type Source = 'default' | 'env' | 'file';

/** A setting's value before it is parsed. */
export interface Found {
  readonly source: Source;
  /** How a fault names the setting. */
  readonly origin: string;
  /** Absent if the setting is not set. */
  readonly raw?: Raw;
  /** Set if the value is there but cannot be had. */
  readonly fault?: string;
}

/**
 * Finds a setting's value: in the environment, else in the configuration file, else in the variable
 * of another convention. An empty variable counts as not set, since compose files and charts set
 * variables to nothing to leave them out.
 */
export function findRaw(setting: Setting<unknown>, env: Environment, file: ConfigFile): Found {
  const inEnvironment = (name: string) => env[name] || undefined;
  const inEnv = findIn(setting, 'env', inEnvironment);
  const inFile = inEnv ?? findIn(setting, 'file', (name) => file.values.get(name));
  if (inFile) return inFile;
  const { fallbackEnv } = setting;
  const other = fallbackEnv && findIn({ ...setting, env: fallbackEnv }, 'env', inEnvironment);
  return other || { source: 'default', origin: setting.env };
}

function findIn(
  setting: Setting<unknown>,
  source: 'env' | 'file',
  get: (name: string) => Raw | undefined,
): Found | undefined {
  const nameOf = (name: string) => (source === 'env' ? name : fileKey(name));
  const origin = nameOf(setting.env);
  const raw = get(setting.env);
  const pathName = setting.kind.secret ? secretFileName(setting.env) : undefined;
  const path = pathName ? get(pathName) : undefined;
  if (pathName === undefined || path === undefined) {
    return raw === undefined ? undefined : { source, origin, raw };
  }
  const both = `must not be set together with ${nameOf(pathName)}`;
  if (raw !== undefined) return { source, origin, fault: both };
  return { source, origin: nameOf(pathName), ...readSecret(path) };
}

/** More than any secret takes, and little enough to hold while it is looked at. */
const MAX_SECRET_BYTES = 65_536;

function readSecret(path: Raw): { raw: string } | { fault: string } {
  if (typeof path !== 'string') return { fault: 'must be one path' };
  const read = readTextFile(path, MAX_SECRET_BYTES);
  return 'fault' in read ? read : { raw: read.text.trim() };
}
