import { hash } from 'node:crypto';
import {
  type AccessClaims,
  decodeSegment,
  hasLoneSurrogate,
  type JsonObject,
  MAX_TOKEN_LENGTH,
  RESERVED_CLAIMS,
  type UnverifiedAccess,
  verifySignature,
  writeGrantClaims,
} from '@signum/token';
import { invalidField, SignumError } from '../../domain/errors.ts';
import type { RootSecret } from '../../domain/root-secret.ts';
import type { KeyRing } from '../ring/key-ring.ts';
import type { RingKey } from '../ring/ring-key.ts';

/** Of a fingerprint, in characters. */
const FINGERPRINT_LENGTH = 22;

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

/**
 * Whether the signature is right: by the key that the header names, under the algorithm that the key
 * is bound to and no other, and only while that key is in the ring and not revoked. Throws what the
 * store throws if the key is unknown and the store cannot be asked.
 */
export async function verifyAccess(
  token: string,
  { keyId, algorithm }: UnverifiedAccess,
  ring: Pick<KeyRing, 'find' | 'findFresh'>,
): Promise<boolean> {
  const key = ring.find(keyId) ?? (await ring.findFresh(keyId));
  if (key === undefined || key.algorithm !== algorithm) return false;
  const dot = token.lastIndexOf('.');
  const signature = decodeSegment(token.slice(dot + 1));
  return (
    signature !== undefined && verifySignature(key, Buffer.from(token.slice(0, dot)), signature)
  );
}

/**
 * Makes the function that takes an access token's fingerprint: SHA-512/256 (FIPS 180-4 section 5.3.6)
 * of a key and then the token, base64url, cut to 22 characters, which are 132 bits. Every session
 * carries one. RFC 2104 section 5 asks for at least half of a hash, 128 bits: to guess one blindly, in
 * calls to this service, is all that the cut makes easier, and it stays out of reach. It is keyed
 * because a fingerprint stands in for a signature. With a bare hash, whoever can write to the store
 * could have tokens accepted that no key of the deployment has signed; so could whoever restores a
 * stolen copy of it under other secrets. The key goes in front of the token. That is enough, because
 * this hash, unlike SHA-256, tells too little of its state for anybody to go on hashing from there. An
 * HMAC would take twice the time, in every validation of a token. The digest of the key that signed
 * the token goes in as well: under another key of the same id, as after a file was replaced, the token
 * has another fingerprint.
 */
export function createFingerprint(root: Pick<RootSecret, 'fingerprintKey'>) {
  const key = Buffer.from(root.fingerprintKey().reveal()).toString('base64url');
  return (token: string, keyDigest = ''): string =>
    hash('sha512-256', key + keyDigest + token, 'base64url').slice(0, FINGERPRINT_LENGTH);
}
