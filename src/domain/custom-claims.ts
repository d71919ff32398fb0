import { hasLoneSurrogate, type JsonObject, RESERVED_CLAIMS } from '@signum/token';
import { invalidField } from './errors.ts';

/** The most that custom claims may take as JSON, in bytes. */
const MAX_CUSTOM_CLAIMS_BYTES = 1024;

/**
 * Refuses custom claims that would override a reserved one, that are too large, or that hold half of
 * a surrogate pair: no UTF-8 can carry it.
 */
export function checkCustomClaims(claims: JsonObject): void {
  for (const name of Object.keys(claims)) {
    if (RESERVED_CLAIMS.has(name))
      throw invalidField('claims', `must not hold the reserved name ${name}`);
  }
  const text = JSON.stringify(claims);
  if (Buffer.byteLength(text) > MAX_CUSTOM_CLAIMS_BYTES) {
    throw invalidField('claims', `must be at most ${MAX_CUSTOM_CLAIMS_BYTES} bytes as JSON`);
  }
  if (hasLoneSurrogate(text)) throw invalidField('claims', 'must be well-formed Unicode');
}
