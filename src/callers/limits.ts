import type { Deadline } from '../domain/call.ts';

/** Counts calls against the rates of their caller and of their user, over all servers. */
export interface RateLimiter {
  /**
   * Takes one call out of what `key` has left. Rejects with RATE_LIMITED and the time after which
   * one will be let through.
   *
   * @param key the caller's name, or what names one user of one tenant
   */
  take(kind: 'caller' | 'user', key: string, deadline: Deadline): Promise<void>;
}
