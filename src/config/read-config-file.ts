import { closest } from './closest.ts';
import type { ConfigFault } from './config-error.ts';
import type { Raw } from './kinds/kind.ts';
import { CONFIG_FILE_ENV, envNames, fileKey } from './names.ts';
import { readTextFile } from './read-text-file.ts';
import type { Setting } from './setting.ts';
import { shownPath } from './shown.ts';

/** What the configuration file sets, by the names of the variables that would set the same. */
export interface ConfigFile {
  readonly values: ReadonlyMap<string, Raw>;
  readonly faults: readonly ConfigFault[];
}

const MAX_FILE_BYTES = 1_048_576;

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
    const env = envByKey.get(key);
    const setting = `${/^[a-z_]{1,40}$/.test(key) ? key : 'a key'} in ${shownPath(path)}`;
    const raw = toRaw(value);
    if (!env) {
      const near = closest(key, [...envByKey.keys()]);
      const hint = near ? `: did you mean ${near}?` : '';
      faults.push({ setting, fault: `is not a setting${hint}`, allowed: '' });
    } else if (read.twice.has(key)) {
      faults.push({ setting, fault: 'is there twice', allowed: '' });
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

interface ReadObject {
  readonly object: object;
  readonly twice: ReadonlySet<string>;
}

function readObject(path: string): ReadObject | { readonly fault: string } {
  const read = readTextFile(path, MAX_FILE_BYTES);
  if ('fault' in read) return read;
  try {
    const object: unknown = JSON.parse(read.text);
    if (typeof object === 'object' && object !== null && !Array.isArray(object)) {
      return { object, twice: keysThereTwice(read.text) };
    }
  } catch {
    // The parser's message quotes the text, which may hold a secret.
  }
  return { fault: `names ${shownPath(path)}, which is not one JSON object` };
}

/** The keys that the outermost object of a JSON text has more than once: the parser keeps the last. */
function keysThereTwice(json: string): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  let depth = 0;
  for (const [token, text, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && colon && text) {
      const key = JSON.parse(text) as string;
      if (seen.has(key)) twice.add(key);
      seen.add(key);
    }
  }
  return twice;
}

function toRaw(value: unknown): Raw | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isList ? value : undefined;
}
