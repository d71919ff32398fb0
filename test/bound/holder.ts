import { createHash, randomUUID } from 'node:crypto';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose';

/** Somebody who holds a key, and makes proofs with it. */
export interface Holder {
  readonly thumbprint: string;
  /** A proof for a request; `about`: the access token that goes with it. */
  prove(request: ProofRequest): Promise<string>;
}

export interface ProofRequest {
  readonly method?: string;
  readonly uri: string;
  readonly about?: string | undefined;
  readonly nonce?: string | undefined;
  /** Whatever a test wants otherwise. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export async function newHolder(): Promise<Holder> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    prove: (request) => prove(jwk, privateKey, request),
  };
}

function prove(jwk: JWK, key: CryptoKey, request: ProofRequest): Promise<string> {
  const { method = 'POST', uri, about, nonce, claims } = request;
  const ath = about && createHash('sha256').update(about).digest('base64url');
  return new SignJWT({ htm: method, htu: uri, ath, nonce, ...claims })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
    .setJti(randomUUID())
    .setIssuedAt(claims?.['iat'] as number | undefined)
    .sign(key);
}
