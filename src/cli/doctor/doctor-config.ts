import { load } from '../../config/load.ts';
import { CONFIG_FILE_ENV } from '../../config/names.ts';
import { readConfigFile } from '../../config/read-config-file.ts';
import { knownEnvNames, SERVER_SCHEMA } from '../../config/schema.ts';
import { settingsOf } from '../../config/setting.ts';
import type { Cli } from '../cli.ts';

/** Of the server's settings those that the doctor needs; the others need not be set here. */
const { redis, lifetimes, sessions, durability, edges } = SERVER_SCHEMA;
const SCHEMA = { redis, lifetimes, sessions, durability, edges } as const;

const URL_ENVS = ['SIGNUM_REDIS_URL', 'SIGNUM_REDIS_URL_FILE', 'REDIS_URL', 'REDIS_URL_FILE'];

/**
 * Reads them from the environment and the configuration file, with the development Redis where
 * neither names one. Undefined if no Redis is known at all.
 */
export function doctorConfig(env: Cli['env'], devRedisUrl: string | undefined) {
  const path = env[CONFIG_FILE_ENV];
  const file = path
    ? readConfigFile(path, settingsOf(SERVER_SCHEMA))
    : { values: new Map<string, string>(), faults: [] };
  const named = URL_ENVS.some((name) => env[name] || file.values.has(name));
  if (!named && devRedisUrl === undefined) return undefined;
  const known = knownEnvNames();
  const found = named ? env : { ...env, SIGNUM_REDIS_URL: devRedisUrl };
  return load({ schema: SCHEMA, rules: [], env: found, file, known });
}

export type DoctorConfig = NonNullable<ReturnType<typeof doctorConfig>>;
