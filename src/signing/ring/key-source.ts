import type { Algorithm } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { KeyInfo } from './key-info.ts';
import type { RingKey } from './ring-key.ts';

/** The ring at one instant. */
export interface RingView {
  /** Every key, revoked ones too, in an order that is the same on all servers. */
  readonly infos: readonly KeyInfo[];
  /** By key id, what this server can verify with: no revoked key is among them. */
  readonly keys: ReadonlyMap<string, RingKey>;
  /** The key to sign with; undefined if this server can sign with none. */
  readonly signing: RingKey | undefined;
  /** The next instant at which the view changes by the mere passing of time; Infinity if none. */
  readonly changesAtMs: number;
}

/** Where keys come from: files, or the store that all servers share. Calls never overlap. */
export interface KeySource {
  /** Whether another server may have made a key that this one has not seen yet. */
  readonly shared: boolean;
  /** Reads the shared records again, and does what is due. On failure the view stays as it was. */
  load(deadline: Deadline): Promise<void>;
  view(nowMs: number): RingView;
  /** Makes a key and answers its id. Throws KEYS_NOT_MANAGED. */
  rotate(algorithm: Algorithm | undefined, deadline: Deadline): Promise<string>;
  /** Throws KEY_NOT_FOUND. */
  revoke(keyId: string, deadline: Deadline): Promise<void>;
}
