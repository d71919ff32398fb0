import type { Runner } from '../dispatch/runner.ts';
import type { Keyspace } from './keys.ts';

/** What every store operation works with. */
export interface StoreContext {
  readonly runner: Runner;
  readonly keyspace: Keyspace;
  readonly policy: StorePolicy;
  readonly issuer: StoreIssuer;
}

/** Whose sessions this server begins and knows: those of another issuer are dead to it. */
export interface StoreIssuer {
  /** As sessions hold it; empty for the deployment's first issuer, which takes no room in them. */
  readonly tag: string;
  /** Whether the deployment has had another one. */
  readonly hasChanged: boolean;
  /**
   * Whether this server has just written it down where sessions were: those of a version that did not, which
   * nobody can tell from its own.
   */
  readonly isAdopted: boolean;
}

/** How long things are kept, and how many. Durations in milliseconds. */
export interface StorePolicy {
  /** How long the revoked table keeps an id past its expiry: the skew that verifiers are allowed. */
  readonly skewMs: number;
  /** For how long the generation before the current one is answered again. */
  readonly graceMs: number;
  /** How long the feed keeps an event: at least the longest access lifetime and the skew. */
  readonly feedMs: number;
  /** How long anything can live: the longest session lifetime and the skew. */
  readonly longestLifeMs: number;
  /** Sessions a user may hold. */
  readonly maxDevices: number;
}
