import type { Caller } from './caller.ts';
import type { KeyProof } from './key-proof.ts';

/** How long a call may go on. Passed to everything that waits. */
export interface Deadline {
  /** When it is over, on the `performance.now()` time line (monotonic milliseconds). */
  readonly deadlineAtMs: number;
}

/** What is known of a call before its message is looked at. */
export interface Call extends Deadline {
  readonly caller: Caller;
  /** UUIDv7, or the client's `x-request-id`. */
  readonly requestId: string;
  /** Full method name, such as `signum.v1.TokenService/Issue`. */
  readonly method: string;
  /** What the client has shown of the key that a token of its own is bound to. */
  readonly shown: KeyProof;
  /** The peer's IP address as the transport sees it. */
  readonly peer: string;
  /** What it is about, for the audit trail: set by whoever has found out, and believes it. */
  about?: Subject | undefined;
  /** Whether something has been changed that stands if the call fails: whoever did it tells of that. */
  hasChanged?: boolean;
}

/** Whom or what a call is about. Ids only. */
export interface Subject {
  readonly tenantId?: string | undefined;
  readonly userId?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly keyId?: string | undefined;
  /** A caller that is managed. */
  readonly target?: string | undefined;
}
