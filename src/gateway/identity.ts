import type { ActiveToken } from '../domain/verdict.ts';

/**
 * What the service behind the gateway is told of a good token: always every one of these headers, so
 * that what a client has sent under the same name is overwritten, whatever it was. Ids are
 * percent-encoded as by `encodeURIComponent`: they may hold any character.
 */
export const IDENTITY_HEADERS = [
  'x-signum-tenant',
  'x-signum-user',
  'x-signum-device',
  'x-signum-session',
  'x-signum-token-id',
  'x-signum-scope',
  'x-signum-expires',
] as const;

/** What nobody but Signum answers: a gateway that takes any 2xx for a yes can look for it. */
export const ALLOWED = { 'x-signum-verdict': 'allow' } as const;

export type Identity = Readonly<Record<(typeof IDENTITY_HEADERS)[number], string>>;

/** What nearly all ids look like: nothing in it has to be encoded. */
const PLAIN = /^[\w.~-]*$/;

/** `x-signum-expires` in whole seconds since the epoch, `x-signum-scope` separated by spaces. */
export function identityOf({ ref, sessionId, scopes, expiresAtMs }: ActiveToken): Identity {
  return {
    'x-signum-tenant': encode(ref.tenantId),
    'x-signum-user': encode(ref.userId),
    'x-signum-device': encode(ref.deviceId),
    'x-signum-session': sessionId,
    'x-signum-token-id': ref.tokenId,
    'x-signum-scope': scopes.join(' '),
    'x-signum-expires': String(expiresAtMs / 1000),
  };
}

function encode(id: string): string {
  return PLAIN.test(id) ? id : encodeURIComponent(id);
}
