import { algorithmSpec, headerSegment, type JsonObject } from '@signum/token';
import type { RingKey } from '../ring/ring-key.ts';
import { signCompact } from './access-tokens.ts';

/** `typ` of an introspection response (RFC 9701 section 5). */
const TYPE = 'token-introspection+jwt';

/**
 * Signs an introspection response for one resource server (RFC 9701). Undefined if the key has no public
 * half that the resource server could verify it by. There is no `sub` and no `exp` beside what was
 * introspected, so that it cannot be taken for an access token. `iat` is by this server's clock.
 */
export async function signIntrospection(
  response: JsonObject,
  audience: string,
  { issuer, key, nowMs }: { issuer: string; key: RingKey; nowMs: number },
): Promise<string | undefined> {
  const { algorithm, keyId } = key;
  if (algorithmSpec(algorithm).keyType === 'oct') return undefined;
  const payload = {
    iss: issuer,
    aud: audience,
    iat: Math.floor(nowMs / 1_000),
    token_introspection: response,
  };
  return signCompact(headerSegment(algorithm, TYPE, keyId), JSON.stringify(payload), key);
}
