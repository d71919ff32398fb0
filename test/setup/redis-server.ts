import { findExecutable } from '../../src/dev/find-executable.ts';
import { REDIS_8, VALKEY_9, type Wheel } from './wheel.ts';

/** Names the redis-server that tests start in place of the system's. */
export const SERVER_VARIABLE = 'SIGNUM_TEST_REDIS_SERVER';

/** Projects of vitest.config.ts that run on another server than the system's. */
export const OTHER_SERVERS: Readonly<Record<string, Wheel>> = {
  'redis-8.2': REDIS_8,
  'valkey-9.1': VALKEY_9,
};

/** The server that the project of this test, or the variable, asks for; undefined: whatever there is. */
export function wantedServer(): string | undefined {
  return process.env[SERVER_VARIABLE] || undefined;
}

/** The server that a single node of a topology runs. */
export function nodeServer(): string | undefined {
  return wantedServer() ?? findExecutable('redis-server', 'valkey-server');
}
