import type { CheckProof, ProofNonces } from '@signum/token';
import type { Deadline } from '../domain/call.ts';
import type { Lifetimes } from '../domain/lifetimes.ts';
import type {
  Durability,
  FencePlace,
  FenceReached,
  FenceWanted,
  SupersedePolicy,
} from '../domain/session.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Signing } from '../signing/signing.ts';
import type { StoreContext } from '../store/scripts/context.ts';
import type { Rate } from '../store/sessions/rate-limit.ts';
import type { TokenEvent } from './event.ts';

/** What the use-cases work with. */
export interface TokenDeps {
  readonly store: StoreContext;
  readonly signing: Signing;
  readonly policy: TokenPolicy;
  readonly checkProof: CheckProof;
  /** Absent: proofs need no nonce. */
  readonly nonces: ProofNonces | undefined;
  /** A new UUIDv7 (RFC 9562): unique without coordination between servers. */
  readonly newId: () => string;
  /** Told of every change once it is done. */
  readonly onEvent: (event: TokenEvent) => void;
  /** Told of every verdict. */
  readonly onVerdict: (verdict: Verdict) => void;
  /** Waits until no edge accepts what was ended there. @throws EDGES_UNCONFIRMED */
  readonly fence: (
    places: readonly FencePlace[],
    durability: Durability,
    deadline: Deadline,
  ) => Promise<FenceReached>;
  /**
   * Takes one call out of what `key`, a caller's name or what names a user of a tenant, has left, over
   * all servers. Rejects with RATE_LIMITED, and when one will be let through, if nothing is left.
   */
  readonly limit: (limit: Limit, key: string, deadline: Deadline) => Promise<void>;
}

/**
 * What is counted: the calls of a service caller that begin or refresh sessions, those for a user, and
 * what a user reads of the own sessions.
 */
export type Limit = 'caller' | 'user' | 'reads';

/** What a deployment allows. */
export interface TokenPolicy {
  /** The longest lifetimes, which are the default ones too. */
  readonly lifetimes: Lifetimes;
  /** The audiences that tokens may be issued for; the first is the default. At least one. */
  readonly audiences: readonly string[];
  readonly supersedePolicy: (tenantId: string) => SupersedePolicy;
  readonly durability: Durability;
  /** Issue and Refresh calls for one user; undefined if there is no limit. */
  readonly ratePerUser: Rate | undefined;
  readonly fence: FenceWanted;
}
