import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Algorithm, algorithmSpec } from '@signum/token';
import type { JWK } from 'jose';
import { generatedKeyIdOf } from './key-id.ts';

const generate = promisify(generateKeyPair);

/** Makes a key for an algorithm, as a private JWK with `alg` and `kid`. RSA keys have 2048 bits. */
export async function generateJwk(algorithm: Algorithm): Promise<JWK & { kid: string }> {
  const jwk = await privateJwk(algorithm);
  return { ...jwk, alg: algorithm, kid: await generatedKeyIdOf(jwk) };
}

async function privateJwk(algorithm: Algorithm): Promise<JWK> {
  const { keyType, signatureBytes } = algorithmSpec(algorithm);
  switch (keyType) {
    case 'oct':
      return { kty: 'oct', k: randomBytes(signatureBytes ?? 32).toString('base64url') };
    case 'RSA':
      return toJwk((await generate('rsa', { modulusLength: 2048 })).privateKey);
    case 'EC':
      return toJwk((await generate('ec', { namedCurve: 'P-256' })).privateKey);
    case 'OKP':
      return toJwk((await generate('ed25519', {})).privateKey);
  }
}

function toJwk(key: KeyObject): JWK {
  return key.export({ format: 'jwk' }) as JWK;
}
