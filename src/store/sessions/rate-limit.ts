import type { Deadline } from '../../domain/call.ts';
import { SignumError } from '../../domain/errors.ts';
import type { StoreContext } from '../scripts/context.ts';
import { encodeId, type Keyspace } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';

/** So many requests a second in the long run, and so many at once. */
export interface Rate {
  readonly perSecond: number;
  /** At least 1. */
  readonly burst: number;
}

/**
 * Counts one request against a rate that all servers share (lua/take.lua). Throws RATE_LIMITED with
 * the time after which one will be let through.
 *
 * @param limit which limit it is, such as `user`; told to the client
 * @param subject who is counted; any string, a user by {@link userSubject}
 */
export async function takeFromRate(
  store: Pick<StoreContext, 'runner' | 'keyspace'>,
  limit: string,
  subject: string,
  rate: Rate,
  deadline: Deadline,
): Promise<void> {
  const item = { keys: [rateKey(store.keyspace, limit, subject)], args: rateArgs(rate) };
  const waitMs = Number(await store.runner.runShared(SCRIPTS.take, item, deadline));
  if (waitMs !== 0) throw rateLimited(limit, waitMs);
}

/** How a user of a tenant is counted. */
export function userSubject(tenantId: string, userId: string): string {
  return `${tenantId}\0${userId}`;
}

/** A user's rates are in the user's partition, where a script that looks at a session can count. */
export function rateKey(keyspace: Keyspace, limit: string, subject: string): string {
  const [tenantId = '', userId] = subject.split('\0');
  const { prefix } =
    userId === undefined
      ? keyspace.partition(limit, subject)
      : keyspace.partition(tenantId, userId);
  return `${prefix}rate:${limit}:${encodeId(subject)}`;
}

/** What lua/include/conform.lua wants to know of a rate. */
export function rateArgs({ perSecond, burst }: Rate): [intervalMs: number, burst: number] {
  return [1000 / perSecond, burst];
}

export function rateLimited(limit: string, waitMs: number): SignumError {
  return new SignumError('RATE_LIMITED', `too many requests: ${limit}`, {
    metadata: { limit },
    retryAfterMs: waitMs,
  });
}
