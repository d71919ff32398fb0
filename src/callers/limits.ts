import type { Deadline } from '../domain/call.ts';

/**
 * What is counted: the calls of a service caller that begin or refresh sessions, those for a user, and
 * what a user reads of the own sessions.
 */
export type Limit = 'caller' | 'user' | 'reads';

/** Counts calls against the rates of their caller and of their user, over all servers. */
export interface RateLimiter {
  /**
   * Takes one call out of what `key` has left. Rejects with RATE_LIMITED and the time after which
   * one will be let through.
   *
   * @param key the caller's name, or what names one user of one tenant
   */
  take(limit: Limit, key: string, deadline: Deadline): Promise<void>;
}
