import {
  type AccessClaims,
  hasLoneSurrogate,
  type JsonObject,
  MAX_TOKEN_LENGTH,
  RESERVED_CLAIMS,
  writeGrantClaims,
} from '@signum/token';
import { invalidField, SignumError } from '../../domain/errors.ts';
import type { RingKey } from '../ring/ring-key.ts';

type SigningKey = Pick<RingKey, 'keyId' | 'algorithm' | 'signatureBytes' | 'signer' | 'header'>;

/**
 * Signs an access token (RFC 9068) in compact serialisation. Throws INVALID_FIELD for claims that
 * would make a token that Signum itself refuses to read, INTERNAL if the key cannot sign.
 */
export async function signAccess(
  claims: AccessClaims,
  issuer: string,
  key: SigningKey,
): Promise<string> {
  const payload = JSON.stringify(accessPayload(claims, issuer));
  if (hasLoneSurrogate(payload)) throw invalidField('claims', 'must be well-formed Unicode');
  const token = await signCompact(key.header, payload, key);
  if (token.length > MAX_TOKEN_LENGTH) {
    throw invalidField('claims', `must fit into a token of ${MAX_TOKEN_LENGTH} characters`);
  }
  return token;
}

/** A compact JWS (RFC 7515 section 7.1) of a header segment and a payload. */
export async function signCompact(
  header: string,
  payload: string,
  key: SigningKey,
): Promise<string> {
  const input = `${header}.${Buffer.from(payload).toString('base64url')}`;
  const signature = await sign(key, Buffer.from(input, 'latin1'));
  return `${input}.${signature.toString('base64url')}`;
}

async function sign(key: SigningKey, input: Buffer): Promise<Buffer> {
  if (key.signer === undefined) throw new SignumError('INTERNAL', 'the key can only verify');
  const signature = await key.signer.sign(input, key.keyId, key.algorithm);
  if (signature.length !== key.signatureBytes) {
    throw new SignumError('INTERNAL', `the signer answered no ${key.algorithm} signature`);
  }
  return Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength);
}

function accessPayload(claims: AccessClaims, issuer: string): JsonObject {
  const { device, audiences } = claims;
  const [audience] = audiences;
  if (audience === undefined) throw invalidField('audiences', 'must hold at least one audience');
  for (const name of Object.keys(claims.claims)) {
    if (RESERVED_CLAIMS.has(name))
      throw invalidField('claims', `must not hold the reserved name ${name}`);
  }
  return {
    iss: issuer,
    aud: audiences.length === 1 ? audience : [...audiences],
    sub: device.userId,
    tid: device.tenantId,
    did: device.deviceId,
    sid: claims.sessionId,
    jti: claims.tokenId,
    iat: claims.issuedAtS,
    exp: claims.expiresAtS,
    ...writeGrantClaims(claims),
  };
}
