import { envNames } from './names.ts';
import { settingsOf, type ValuesOf } from './setting.ts';
import { client } from './settings/client.ts';
import { edge } from './settings/edge.ts';
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

/** Every setting of `signum edge`: its own, and some that mean the same to the server or the command line. */
export const EDGE_SCHEMA = {
  edge,
  client,
  gateways,
  proofs: { title: proofs.title, settings: { lifetimeMs: proofs.settings.lifetimeMs } },
  tls: {
    title: tls.title,
    settings: {
      certFile: tls.settings.certFile,
      keyFile: tls.settings.keyFile,
      clientCaFile: tls.settings.clientCaFile,
      reloadMs: tls.settings.reloadMs,
    },
  },
  limits: {
    title: limits.title,
    settings: {
      maxInflight: limits.settings.maxInflight,
      drainNoticeMs: limits.settings.drainNoticeMs,
      drainTimeoutMs: limits.settings.drainTimeoutMs,
    },
  },
  logs: { title: logs.title, settings: { level: logs.settings.level } },
} as const;

export type ServerValues = ValuesOf<typeof SERVER_SCHEMA>;
export type ClientValues = ValuesOf<typeof CLIENT_SCHEMA>;
export type EdgeValues = ValuesOf<typeof EDGE_SCHEMA>;

/** Every variable that is known: the environment of one may hold what is meant for another. */
export function knownEnvNames(): string[] {
  const schemas = [SERVER_SCHEMA, CLIENT_SCHEMA, EDGE_SCHEMA];
  return [...new Set(schemas.flatMap((schema) => envNames(settingsOf(schema))))];
}
