import type { Confirmation, DeviceRef, GrantClaims, TokenRef } from '@signum/token';
import type { KeyProof } from '../domain/key-proof.ts';
import type { LifetimeWish } from '../domain/lifetimes.ts';
import type {
  ClientMetadata,
  Durability,
  DurabilityReached,
  FenceReached,
  FenceWanted,
  RevocationReason,
  Session,
  SupersedePolicy,
} from '../domain/session.ts';
import type { Validation } from '../domain/verdict.ts';
import type { AdmittedCall } from '../policy/access.ts';

/** The use-cases: what Signum does, free of any wire format. Each fails with a SignumError only. */
export interface Tokens {
  issue(call: AdmittedCall, input: IssueInput): Promise<Issued>;
  refresh(call: AdmittedCall, input: RefreshInput): Promise<Refreshed>;
  validate(call: AdmittedCall, input: ValidateInput): Promise<Validation>;
  revoke(call: AdmittedCall, input: RevokeInput): Promise<Revoked>;
  revokeUser(call: AdmittedCall, input: RevokeUserInput): Promise<Revoked>;
  revokeTenant(call: AdmittedCall, input: RevokeTenantInput): Promise<WatermarkRaised>;
  /** The kill switch for a signing key: no token that it signed is accepted from now on. */
  revokeKey(call: AdmittedCall, input: RevokeKeyInput): Promise<WatermarkRaised>;
  listSessions(call: AdmittedCall, input: ListSessionsInput): Promise<SessionPage>;
  getSession(call: AdmittedCall, device: DeviceRef): Promise<Session>;
}

/** Without audiences it is the deployment's default one, without a client id the caller's name. */
export interface IssueInput extends GrantClaims {
  readonly device: DeviceRef;
  readonly metadata: ClientMetadata;
  readonly lifetimes: LifetimeWish;
  /** The deployment's default when absent. */
  readonly policy?: SupersedePolicy | undefined;
  readonly requestId?: string | undefined;
  readonly proof?: string | undefined;
  /** Of the session that is superseded; the deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenId: string;
  readonly sessionId: string;
  readonly accessExpiresAtMs: number;
  readonly refreshExpiresAtMs: number;
  readonly scopes: readonly string[];
  /** The key that they are bound to. */
  readonly confirmation: Confirmation | undefined;
  /** What is left of the access token's life, by the store's clock. */
  readonly expiresInMs: number;
}

export interface Issued {
  readonly tokens: TokenPair;
  readonly supersededSessionId?: string | undefined;
  readonly revision: number;
  /** Absent unless it was to be waited for. */
  readonly fence?: FenceReached | undefined;
}

export interface RefreshInput {
  readonly refreshToken: string;
  /** Who a client says that it is that has not shown it; it must be the session's. */
  readonly clientId?: string | undefined;
  /** What the client takes the session's scopes for, in any order; others are refused. Undefined: whatever they are. */
  readonly scopes?: readonly string[] | undefined;
  /** What shows that its holder holds the key, if the token is bound to one. */
  readonly proof: KeyProof;
}

export interface Refreshed {
  readonly tokens: TokenPair;
  readonly replayed: boolean;
  readonly revision: number;
}

/** Step-up (RFC 9470): what a token must tell of its user's authentication. */
export interface AuthenticationDemand {
  /** Context classes of which it must have one; any when absent. An empty list is met by none. */
  readonly acrValues?: readonly string[] | undefined;
  /** How long ago it may have been at most, in seconds; however long when absent. */
  readonly maxAgeS?: number | undefined;
}

export interface ValidateInput {
  readonly subject: { readonly token: string } | { readonly ids: TokenRef };
  readonly requiredScopes: readonly string[];
  /** Audiences that the token must all name; any of the deployment's when empty. */
  readonly audiences: readonly string[];
  /** How the user must have authenticated; anyhow when absent. */
  readonly authentication?: AuthenticationDemand | undefined;
  readonly minRevision: number;
  /** Whether it is one of many of a call; default: it is alone. */
  readonly inBatch?: boolean | undefined;
  /**
   * What shows that the token's holder holds the key, if the token is bound to one. `LEFT_TO_CALLER`: the
   * caller is told the key, and sees to the proof itself.
   */
  readonly proof?: KeyProof | 'LEFT_TO_CALLER' | undefined;
}

export interface RevokeInput {
  readonly subject:
    | { readonly token: string }
    | { readonly ids: TokenRef }
    | { readonly session: { readonly device: DeviceRef; readonly sessionId: string } }
    | { readonly device: DeviceRef };
  readonly reason: RevocationReason;
  /** With a token: who a client says that it is that has not shown it; it must be the session's. */
  readonly clientId?: string | undefined;
  /** What shows that the token's holder holds the key; of no account to callers that may revoke. */
  readonly proof?: KeyProof | undefined;
  /** The deployment's default when absent. */
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface Revoked {
  readonly count: number;
  readonly revision: number;
  readonly durability: DurabilityReached;
  /** Absent unless it was to be waited for. */
  readonly fence?: FenceReached | undefined;
}

export interface RevokeUserInput {
  readonly tenantId: string;
  readonly userId: string;
  readonly exceptDeviceId?: string | undefined;
  readonly reason: RevocationReason;
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface RevokeTenantInput {
  readonly tenantId: string;
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface RevokeKeyInput {
  readonly keyId: string;
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface WatermarkRaised {
  readonly partitions: number;
  readonly durability: DurabilityReached;
  /** Absent unless it was to be waited for. */
  readonly fence?: FenceReached | undefined;
}

export interface ListSessionsInput {
  readonly tenantId: string;
  readonly userId: string;
  /** 1 to 100. */
  readonly pageSize: number;
  /** Device id after which the page starts; empty for the first page. */
  readonly afterDeviceId: string;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  /** Whether more devices follow the last one here. */
  readonly more: boolean;
  readonly totalSize: number;
}
