import { createHash, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import { invalidField } from '../../domain/errors.ts';

/** A key that tokens are bound to, and that proofs are made with (DPoP, RFC 9449). */
export interface DpopKey {
  /** `jkt`: SHA-256 of the public key, in base64url (RFC 7638). */
  readonly thumbprint: string;
  prove(request: ProofRequest): Promise<string>;
}

export interface ProofRequest {
  readonly method: string;
  readonly uri: string;
  /** The access token that goes with it; absent for a refresh token. */
  readonly accessToken?: string | undefined;
  /** What the server wants to find in it. */
  readonly nonce?: string | undefined;
}

const ALGORITHM = 'ES256';

/** A new key, kept nowhere. */
export async function newDpopKey(): Promise<DpopKey> {
  return keyOf(await newJwk());
}

/**
 * The key in a file, a private JWK of the curve P-256.
 * @throws INVALID_FIELD for a file that cannot be read or holds something else.
 */
export async function openDpopKey(file: string): Promise<DpopKey> {
  const text = await readFile(file, 'utf8').catch(unreadable);
  return keyOf(parse(text));
}

/**
 * The same. If there is no such file, a new key is made and written there, readable by its owner alone.
 * @throws INVALID_FIELD for a file that cannot be read or written, or holds something else.
 */
export async function openOrMakeDpopKey(file: string): Promise<DpopKey> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? undefined : unreadable(error),
  );
  if (text !== undefined) return keyOf(parse(text));
  const jwk = await newJwk();
  await writeFile(file, `${JSON.stringify(jwk)}\n`, { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      throw invalidField('--dpop', `cannot be written (${error.code})`);
    },
  );
  return keyOf(jwk);
}

function unreadable({ code }: NodeJS.ErrnoException): never {
  throw invalidField('--dpop', `cannot be read (${code})`);
}

async function newJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return exportJWK(privateKey);
}

function parse(text: string): JWK {
  let jwk: JWK;
  try {
    jwk = JSON.parse(text) as JWK;
  } catch {
    throw notAKey();
  }
  if (jwk?.kty !== 'EC' || jwk.crv !== 'P-256' || typeof jwk.d !== 'string') throw notAKey();
  return jwk;
}

function notAKey() {
  return invalidField('--dpop', 'must be a file with a private JWK of the curve P-256');
}

async function keyOf({ kty, crv, x, y, d }: JWK): Promise<DpopKey> {
  const jwk = { kty, crv, x, y } as JWK;
  const key = await importJWK({ ...jwk, d } as JWK, ALGORITHM).catch(() => {
    throw notAKey();
  });
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    prove({ method, uri, accessToken, nonce }) {
      const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url');
      return new SignJWT({ htm: method, htu: uri, ath, nonce })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: ALGORITHM, jwk })
        .setJti(randomUUID())
        .setIssuedAt()
        .sign(key);
    },
  };
}
