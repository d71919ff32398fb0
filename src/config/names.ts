import type { Setting } from './setting.ts';

/** What the names of all of Signum's environment variables begin with. */
export const SIGNUM_ENV_PREFIX = 'SIGNUM_';

export const CONFIG_FILE_ENV = 'SIGNUM_CONFIG_FILE';

/** Where a secret's value may be kept instead: a file that this variable names. */
export function secretFileName(env: string): string {
  return `${env}_FILE`;
}

/** The key in the configuration file: `SIGNUM_MAX_DEVICES` is `max_devices`. */
export function fileKey(env: string): string {
  return env.slice(SIGNUM_ENV_PREFIX.length).toLowerCase();
}

/** Every variable that sets one of these settings. */
export function envNames(settings: readonly Setting<unknown>[]): string[] {
  return settings.flatMap(({ env, kind }) => (kind.secret ? [env, secretFileName(env)] : [env]));
}

/**
 * Names that others give: Kubernetes describes a Service called `signum` or `signum-…` to every
 * container of the namespace by such variables, and development keeps its own.
 */
const FOREIGN = [
  /^SIGNUM_DEV_/,
  /^SIGNUM(_[A-Z0-9]+)*_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/,
  /^SIGNUM(_[A-Z0-9]+)*_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/,
];

/** Whether a variable is meant to be a setting of Signum's. */
export function isOurs(env: string): boolean {
  return env.startsWith(SIGNUM_ENV_PREFIX) && !FOREIGN.some((form) => form.test(env));
}
