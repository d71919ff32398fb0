import { createHmac } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';

/**
 * The id of a key that has been given none: for public keys the SHA-256 thumbprint (RFC 7638). A
 * thumbprint of an HMAC key would be a hash of the secret, made public (RFC 7638 section 7), so there
 * it is a keyed one: the same on every server, and of no use to anybody who sees it.
 */
export async function keyIdOf(jwk: JWK): Promise<string> {
  if (jwk.kty !== 'oct') return calculateJwkThumbprint(jwk, 'sha256');
  const secret = Buffer.from(jwk.k ?? '', 'base64url');
  return createHmac('sha256', secret).update('signum kid v1').digest('base64url').slice(0, 22);
}

/** 96 bits: among a million keys two would be alike with a probability of one in 10^17. */
const GENERATED_LENGTH = 16;

/**
 * The id of a key that Signum itself makes: the first 16 characters of what {@link keyIdOf} answers.
 * Every session and every access token carries it, and nobody else has to find the same one.
 */
export async function generatedKeyIdOf(jwk: JWK): Promise<string> {
  return (await keyIdOf(jwk)).slice(0, GENERATED_LENGTH);
}
