import { type ConfigRow, describe } from './describe.ts';
import { EDGE_RULES } from './edge-rules.ts';
import type { Environment } from './find-raw.ts';
import { load, loadOne, type Sources } from './load.ts';
import { CONFIG_FILE_ENV } from './names.ts';
import { type ConfigFile, readConfigFile } from './read-config-file.ts';
import { CLIENT_RULES, SERVER_RULES } from './rules.ts';
import {
  CLIENT_SCHEMA,
  type ClientValues,
  EDGE_SCHEMA,
  type EdgeValues,
  knownEnvNames,
  SERVER_SCHEMA,
  type ServerValues,
} from './schema.ts';
import { settingsOf } from './setting.ts';

export { ConfigError, type ConfigFault } from './config-error.ts';
export type { ConfigRow } from './describe.ts';
export { documentConfig } from './document.ts';
export type { Environment } from './find-raw.ts';
export type { AuditDestination } from './kinds/audit-destination.ts';
export { formatDuration } from './kinds/duration.ts';
export { type HostPort, isLoopback } from './kinds/host-port.ts';
export type { ListenAt } from './kinds/listen-at.ts';
export type { Rate } from './kinds/rate.ts';
export { SIGNUM_ENV_PREFIX } from './names.ts';

/** The server's configuration: checked, grouped, frozen. Durations in milliseconds. */
export type Config = ServerValues & {
  readonly sources: Sources;
  /**
   * What the address of Redis is by now, where it stands in a file: the passwords in it may have been
   * changed. @throws ConfigError
   */
  readonly redisUrlNow: () => string;
};

/** The command line's configuration. */
export type ClientConfig = ClientValues['client'];

/**
 * Reads the server's configuration from the environment and from the JSON file that
 * SIGNUM_CONFIG_FILE names.
 * @throws ConfigError with every fault that there is.
 */
export function loadConfig(env: Environment = process.env): Config {
  const path = env[CONFIG_FILE_ENV];
  const readFile = () => (path ? readConfigFile(path, settingsOf(SERVER_SCHEMA)) : NO_FILE);
  const known = knownEnvNames();
  const schema = SERVER_SCHEMA;
  const values = load({ schema, rules: SERVER_RULES, env, file: readFile(), known });
  const redisUrlNow = () => loadOne(schema.redis.settings.url, env, readFile()).reveal();
  return Object.freeze({ ...values, redisUrlNow });
}

/**
 * Reads the command line's configuration from the environment.
 * @throws ConfigError with every fault that there is.
 */
export function loadClientConfig(env: Environment = process.env): ClientConfig {
  const known = knownEnvNames();
  return load({ schema: CLIENT_SCHEMA, rules: CLIENT_RULES, env, file: NO_FILE, known }).client;
}

/** The configuration of `signum edge`. */
export type EdgeConfig = EdgeValues & { readonly sources: Sources };

/**
 * Reads the configuration of `signum edge`, from where the server reads its own.
 * @throws ConfigError with every fault that there is.
 */
export function loadEdgeConfig(env: Environment = process.env): EdgeConfig {
  const path = env[CONFIG_FILE_ENV];
  const file = path ? readConfigFile(path, settingsOf(EDGE_SCHEMA)) : NO_FILE;
  return load({ schema: EDGE_SCHEMA, rules: EDGE_RULES, env, file, known: knownEnvNames() });
}

/** What is in force and where it comes from, for `signum config`; secrets are masked. */
export function describeConfig(config: Config): readonly ConfigRow[] {
  return describe(SERVER_SCHEMA, config);
}

const NO_FILE: ConfigFile = { values: new Map(), faults: [] };
