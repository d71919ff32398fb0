/** What happens to keys, for logs, metrics and audit. */
export interface SigningEvent {
  readonly event: /** This server made a key. */
    | 'key_created'
    /** A key signs from now on. */
    | 'key_activated'
    | 'key_retired'
    | 'key_revoked'
    /** A stored key does not open under any root secret configured here. */
    | 'key_unreadable'
    /** The shared records could not be read; the ring goes on with what it has. */
    | 'poll_failed';
  readonly keyId?: string;
  /** With `key_unreadable`: the id of the root secret that sealed it, if that can be told. */
  readonly rootSecretId?: string | undefined;
  /** What failed; holds no key and no secret. */
  readonly cause?: unknown;
}
