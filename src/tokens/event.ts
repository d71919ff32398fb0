import type { Call } from '../domain/call.ts';
import { type Reason, SignumError } from '../domain/errors.ts';
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
  /** It stands, but the call has failed for this reason: it is not known how durably, or to which edges. */
  readonly failure?: Reason | undefined;
}

/**
 * Does what is left of a call that has changed something, and tells of the change then: what stands is
 * told once, with why the call failed if it did.
 */
export async function tellAfter<T>(
  onEvent: (event: TokenEvent) => void,
  events: readonly TokenEvent[],
  rest: () => Promise<T>,
): Promise<T> {
  for (const { call } of events) call.hasChanged = true;
  try {
    const done = await rest();
    for (const event of events) onEvent(event);
    return done;
  } catch (error) {
    const failure = error instanceof SignumError ? error.reason : 'INTERNAL';
    for (const event of events) onEvent({ ...event, failure });
    throw error;
  }
}

/** Tells of a change whose durability cannot be confirmed: it stands all the same. */
export async function tellIfUnconfirmed<T>(
  onEvent: (event: TokenEvent) => void,
  event: TokenEvent,
  change: Promise<T>,
): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof SignumError && error.reason === 'DURABILITY_UNCONFIRMED') {
      event.call.hasChanged = true;
      onEvent({ ...event, failure: error.reason });
    }
    throw error;
  }
}
