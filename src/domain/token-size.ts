import { confirmationClaim, type DeviceRef, type JsonObject } from '@signum/token';
import { invalidField } from './errors.ts';
import type { SessionClaims } from './session.ts';

/**
 * What is left for ids, scopes, audiences, the client id and custom claims in the payload of an access token, in
 * bytes of JSON, whichever key signs it now or at a later refresh. The rest is taken: a header with
 * a key id of 128 characters, the signature of a 4096-bit RSA key, an issuer of 256 bytes and the
 * claims of fixed size.
 */
export const MAX_TOKEN_CONTENT_BYTES = 1920;

/** What a caller puts into an access token. */
export interface TokenContent extends SessionClaims {
  readonly device: DeviceRef;
}

/**
 * Refuses what would not fit into a token. It is asked before a session is stored: one whose token
 * cannot be signed would take the place of a good one. Throws INVALID_FIELD naming the field that
 * takes up the most.
 */
export function checkTokenContent(content: TokenContent): void {
  const { device, scopes, audiences, clientId, confirmation, claims } = content;
  const sizes = Object.entries({
    claims: sizeOf(claims),
    scopes: scopes.length === 0 ? 0 : sizeOf(scopes.join(' ')),
    audiences: sizeOf(audiences),
    client_id: clientId === undefined ? 0 : sizeOf(clientId),
    confirmation: confirmation === undefined ? 0 : sizeOf(confirmationClaim(confirmation)),
    device: sizeOf(device.tenantId) + sizeOf(device.userId) + sizeOf(device.deviceId),
  });
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (total <= MAX_TOKEN_CONTENT_BYTES) return;
  const [largest] = sizes.reduce((most, entry) => (entry[1] > most[1] ? entry : most));
  throw invalidField(
    largest,
    `must leave room in the token: ids, scopes, audiences, client_id, confirmation and claims take ${total} bytes as JSON, at most ${MAX_TOKEN_CONTENT_BYTES} fit`,
  );
}

function sizeOf(value: JsonObject | string | readonly string[]): number {
  return Buffer.byteLength(JSON.stringify(value));
}
