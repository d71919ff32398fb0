import { readFileSync } from 'node:fs';
import { closest } from './closest.ts';
import type { ConfigFault } from './config-error.ts';
import type { Raw } from './kinds/kind.ts';
import { CONFIG_FILE_ENV, envNames, fileKey } from './names.ts';
import type { Setting } from './setting.ts';

/** What the configuration file sets, by the names of the variables that would set the same. */
export interface ConfigFile {
  readonly values: ReadonlyMap<string, Raw>;
  readonly faults: readonly ConfigFault[];
}

/** Reads the configuration file: one flat JSON object. Its values are not looked at yet. */
export function readConfigFile(path: string, settings: readonly Setting<unknown>[]): ConfigFile {
  const values = new Map<string, Raw>();
  const faults: ConfigFault[] = [];
  const envByKey = new Map(envNames(settings).map((env) => [fileKey(env), env]));
  const read = readObject(path);
  if ('fault' in read) {
    return { values, faults: [{ setting: CONFIG_FILE_ENV, fault: read.fault, allowed: '' }] };
  }
  for (const [key, value] of Object.entries(read.object)) {
    const setting = `${key} in ${path}`;
    const env = envByKey.get(key);
    const raw = toRaw(value);
    if (!env) {
      const near = closest(key, [...envByKey.keys()]);
      const hint = near ? `: did you mean ${near}?` : '';
      faults.push({ setting, fault: `is not a setting${hint}`, allowed: '' });
    } else if (raw === undefined) {
      faults.push({
        setting,
        fault: 'must be a text, a number, a boolean or a list of texts',
        allowed: '',
      });
    } else {
      values.set(env, raw);
    }
  }
  return { values, faults };
}

function readObject(path: string): { object: object } | { fault: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { fault: `names ${path}, which cannot be read (${errorCode(error)})` };
  }
  try {
    const object: unknown = JSON.parse(text);
    if (typeof object === 'object' && object !== null && !Array.isArray(object)) return { object };
  } catch {
    // The parser's message quotes the text, which may hold a secret.
  }
  return { fault: `names ${path}, which is not one JSON object` };
}

function toRaw(value: unknown): Raw | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isList ? value : undefined;
}

/** Such as ENOENT. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
