import type { Call } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { RevocationReason } from '../domain/session.ts';

/** Something that has happened to sessions, for audit and metrics. Holds ids only, never a token. */
export interface TokenEvent {
  readonly event:
    | 'issue'
    | 'supersede'
    | 'refresh'
    | 'reuse'
    | 'revoke'
    | 'revoke_user'
    | 'revoke_tenant'
    | 'revoke_key';
  readonly call: Call;
  readonly tenantId?: string | undefined;
  readonly userId?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly reason?: RevocationReason | undefined;
  /** Sessions that it ended. */
  readonly count?: number | undefined;
  /** It stands, but how durably is not known: the call fails with DURABILITY_UNCONFIRMED. */
  readonly unconfirmed?: boolean | undefined;
}

/**
 * Tells of what a call has changed in case that its durability cannot be confirmed: the change stands all
 * the same. Otherwise the caller of this tells, when it knows more.
 */
export async function tellIfUnconfirmed<T>(
  onEvent: (event: TokenEvent) => void,
  event: TokenEvent,
  change: Promise<T>,
): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof SignumError && error.reason === 'DURABILITY_UNCONFIRMED') {
      onEvent({ ...event, unconfirmed: true });
    }
    throw error;
  }
}
