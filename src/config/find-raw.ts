import { readFileSync } from 'node:fs';
import type { Raw } from './kinds/kind.ts';
import { fileKey, secretFileEnv } from './names.ts';
import { type ConfigFile, errorCode } from './read-config-file.ts';
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
  const inEnv = findIn(setting, 'env', (name) => env[name] || undefined);
  const inFile = inEnv ?? findIn(setting, 'file', (name) => file.values.get(name));
  if (inFile) return inFile;
  const fallback = setting.fallbackEnv ? env[setting.fallbackEnv] : undefined;
  if (setting.fallbackEnv && fallback) {
    return { source: 'env', origin: setting.fallbackEnv, raw: fallback };
  }
  return { source: 'default', origin: setting.env };
}

function findIn(
  setting: Setting<unknown>,
  source: 'env' | 'file',
  get: (name: string) => Raw | undefined,
): Found | undefined {
  const nameOf = (name: string) => (source === 'env' ? name : fileKey(name));
  const origin = nameOf(setting.env);
  const raw = get(setting.env);
  const pathName = secretFileEnv(setting);
  const path = pathName ? get(pathName) : undefined;
  if (pathName === undefined || path === undefined) {
    return raw === undefined ? undefined : { source, origin, raw };
  }
  const both = `must not be set together with ${nameOf(pathName)}`;
  if (raw !== undefined) return { source, origin, fault: both };
  return { source, origin: nameOf(pathName), ...readSecret(path) };
}

function readSecret(path: Raw): { raw: string } | { fault: string } {
  if (typeof path !== 'string') return { fault: 'must be one path' };
  try {
    const raw = readFileSync(path, 'utf8').trim();
    return raw === '' ? { fault: `names ${path}, which is empty` } : { raw };
  } catch (error) {
    return { fault: `names ${path}, which cannot be read (${errorCode(error)})` };
  }
}
