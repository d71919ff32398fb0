import { type DeviceRef, type GrantClaims, type JsonValue, OPTIONAL_CLAIMS } from '@signum/token';
import { invalidField } from './errors.ts';

/**
 * What is left for ids, scopes, audiences, custom and optional claims in the payload of an access token, in
 * bytes of JSON, whichever key signs it now or at a later refresh. The rest is taken: a header with
 * a key id of 128 characters, the signature of a 4096-bit RSA key, an issuer of 256 bytes and the
 * claims of fixed size.
 */
export const MAX_TOKEN_CONTENT_BYTES = 1920;

/** What a caller puts into an access token. */
export interface TokenContent extends GrantClaims {
  readonly device: DeviceRef;
}

/**
 * Refuses what would not fit into a token. It is asked before a session is stored: one whose token
 * cannot be signed would take the place of a good one. Throws INVALID_FIELD naming the field that
 * takes up the most.
 */
export function checkTokenContent(content: TokenContent): void {
  const { device, scopes, audiences, claims } = content;
  const sizes = Object.entries({
    claims: sizeOf(claims),
    scopes: scopes.length === 0 ? 0 : sizeOf(scopes.join(' ')),
    audiences: sizeOf(audiences),
    ...optionalSizes(content),
    device: sizeOf(device.tenantId) + sizeOf(device.userId) + sizeOf(device.deviceId),
  });
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (total <= MAX_TOKEN_CONTENT_BYTES) return;
  const [largest] = sizes.reduce((most, entry) => (entry[1] > most[1] ? entry : most));
  throw invalidField(
    largest,
    `must leave room in the token: all that Issue puts into it takes ${total} bytes as JSON, at most ${MAX_TOKEN_CONTENT_BYTES} fit`,
  );
}

/** Claims for whose names there is room besides. */
const ROOM_FOR = new Set(['client_id', 'cnf']);

/** By the names of the fields of Issue, with a colon and a comma where the name counts as well. */
function optionalSizes(content: TokenContent): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const { name, member, write } of OPTIONAL_CLAIMS) {
    const value = content[member];
    if (value === undefined) continue;
    const field = member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    sizes[field] = sizeOf(write(value)) + (ROOM_FOR.has(name) ? 0 : sizeOf(name) + 2);
  }
  return sizes;
}

function sizeOf(value: JsonValue | readonly string[]): number {
  return Buffer.byteLength(JSON.stringify(value));
}
