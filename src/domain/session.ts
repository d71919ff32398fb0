import type { DeviceRef, GrantClaims } from '@signum/token';
import { invalidField } from './errors.ts';

/** What the client told about itself. */
export interface ClientMetadata {
  readonly ip?: string;
  readonly userAgent?: string;
  readonly label?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What one device holds between Issue and the session's end. All instants by the store's clock. */
export interface Session extends GrantClaims {
  readonly device: DeviceRef;
  readonly sessionId: string;
  /** `jti` of the one active access token. */
  readonly tokenId: string;
  /** `kid` of the key that signed it. */
  readonly keyId: string;
  /** Refreshes so far. */
  readonly generation: number;
  readonly createdAtMs: number;
  readonly issuedAtMs: number;
  readonly accessExpiresAtMs: number;
  readonly refreshExpiresAtMs: number;
  readonly absoluteExpiresAtMs: number;
  /** The partition's revision at which the session began. */
  readonly revision: number;
  readonly metadata: ClientMetadata;
}

export type SupersedePolicy = 'SUPERSEDE' | 'DENY_NEW' | 'REQUIRE_PROOF';

/** Why a token or session came to its end. */
export type RevocationReason =
  | 'LOGOUT'
  | 'SUPERSEDED'
  | 'ROTATED'
  | 'REFRESH_REUSE'
  | 'ADMIN'
  | 'EXPIRED'
  | 'TENANT'
  | 'KEY';

/** How many copies of a write must exist before it is acknowledged. */
export interface Durability {
  /** Replicas that must have received it: 0 to 16. */
  readonly replicas: number;
  /** Whether the shard must have flushed it to disk. */
  readonly fsync: boolean;
}

/** What was reached. */
export type DurabilityReached = Durability;

/** Who must have heard of a revocation before it is acknowledged: nobody, or every edge verifier. */
export type FenceWanted = 'NONE' | 'EDGES';

/** A change that a fence waits for. */
export interface FencePlace {
  readonly partition: number;
  readonly revision: number;
}

/** That no edge accepts what was ended any more, and why. */
export interface FenceReached {
  /** Edges that have said that they applied it. */
  readonly confirmed: number;
  /** Edges that have not, and whose lease is over. */
  readonly expired: number;
  /** How long was waited, in milliseconds. */
  readonly waitedMs: number;
}

/** The most that the metadata of a session may take as JSON, in bytes. */
const MAX_METADATA_BYTES = 4096;

/** Refuses metadata that is too large as a whole. */
export function checkMetadata(metadata: ClientMetadata): void {
  if (Buffer.byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES) return;
  throw invalidField('metadata', `must be at most ${MAX_METADATA_BYTES} bytes as JSON`);
}
