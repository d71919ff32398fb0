import type { Deadline } from '../../domain/call.ts';
import { SignumError } from '../../domain/errors.ts';
import type { StoreContext } from '../scripts/context.ts';
import { encodeId } from '../scripts/keys.ts';
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
 * @param subject who is counted; any string
 */
export async function takeFromRate(
  store: Pick<StoreContext, 'runner' | 'keyspace'>,
  limit: string,
  subject: string,
  rate: Rate,
  deadline: Deadline,
): Promise<void> {
  const { prefix } = store.keyspace.partition(limit, subject);
  const key = `${prefix}rate:${limit}:${encodeId(subject)}`;
  const item = { keys: [key], args: [1000 / rate.perSecond, rate.burst] };
  const waitMs = Number(await store.runner.runShared(SCRIPTS.take, item, deadline));
  if (waitMs === 0) return;
  throw new SignumError('RATE_LIMITED', `too many requests: ${limit}`, {
    metadata: { limit },
    retryAfterMs: waitMs,
  });
}
