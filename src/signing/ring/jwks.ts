import type { RingView } from './key-source.ts';

/**
 * The public keys of the ring as a JSON Web Key Set (RFC 7517 section 5): pending, signing and
 * retired ones. HMAC keys and revoked keys are not among them. The order is that of the ring, so all
 * servers answer the same bytes.
 */
export function jwksJson({ infos, keys }: RingView): string {
  const published = infos
    .map(({ keyId }) => keys.get(keyId)?.publicJwk)
    .filter((jwk) => jwk !== undefined);
  return JSON.stringify({ keys: published });
}
