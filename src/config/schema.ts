import { envNames } from './names.ts';
import { settingsOf, type ValuesOf } from './setting.ts';
import { client } from './settings/client.ts';
import { edges } from './settings/edges.ts';
import { gateways } from './settings/gateways.ts';
import { callers, keys } from './settings/keys.ts';
import { limits } from './settings/limits.ts';
import { listen } from './settings/listen.ts';
import { logs } from './settings/logs.ts';
import { proofs } from './settings/proofs.ts';
import { durability, redis } from './settings/store.ts';
import { tls } from './settings/tls.ts';
import { lifetimes, sessions, tokens } from './settings/tokens.ts';

/** Every setting of the server. */
export const SERVER_SCHEMA = {
  tokens,
  redis,
  keys,
  listen,
  tls,
  callers,
  lifetimes,
  sessions,
  proofs,
  gateways,
  limits,
  durability,
  edges,
  logs,
} as const;

/** Every setting of the command line. */
export const CLIENT_SCHEMA = { client } as const;

export type ServerValues = ValuesOf<typeof SERVER_SCHEMA>;
export type ClientValues = ValuesOf<typeof CLIENT_SCHEMA>;

/** Every variable that is known: a server's environment may hold the command line's, and the reverse. */
export function knownEnvNames(): string[] {
  return [...envNames(settingsOf(SERVER_SCHEMA)), ...envNames(settingsOf(CLIENT_SCHEMA))];
}
