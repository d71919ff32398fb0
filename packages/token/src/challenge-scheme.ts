import { readCanonicalJson, splitCompact } from './compact.ts';
import { type ConfirmationMethod, readConfirmation } from './confirmation.ts';

/** How a token is presented in the header `authorization` (RFC 6750 section 2.1, RFC 9449 section 7.1). */
export type TokenScheme = 'Bearer' | 'DPoP';

/**
 * The scheme of the challenge with which a token is refused (RFC 9449 section 7.1): DPoP for one that is
 * bound to a key of a client's, and Bearer for one that is bound to a certificate, however it was presented;
 * of any other that under which it was. Nothing of the token is believed but this.
 */
export function challengeScheme(presented: TokenScheme, token: string): TokenScheme {
  const method = confirmationOf(token);
  if (method === undefined) return presented;
  return method === 'jkt' ? 'DPoP' : 'Bearer';
}

function confirmationOf(token: string): ConfirmationMethod | undefined {
  const payload = splitCompact(token)?.payload;
  if (payload === undefined) return undefined;
  const claims = readCanonicalJson(Buffer.from(payload, 'base64url'));
  return readConfirmation(claims?.['cnf'])?.method;
}
