import type { Algorithm } from '@signum/token';

/** Where a key is in its life. Public keys of the first three are in the key set. */
export type KeyState = 'pending' | 'signing' | 'retired' | 'revoked';

/** A key of the ring as operators see it. Instants in milliseconds since the epoch. */
export interface KeyInfo {
  readonly keyId: string;
  readonly algorithm: Algorithm;
  readonly state: KeyState;
  /** When it was made, or loaded from its file. */
  readonly createdAtMs: number;
  /** When it starts or started to sign. */
  readonly activatesAtMs: number;
  /** When it stopped signing; absent while it may sign. */
  readonly retiresAtMs?: number;
  /** When it leaves the ring; absent while it may sign, and for keys from files. */
  readonly expiresAtMs?: number;
}
