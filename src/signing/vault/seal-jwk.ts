import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, type JWK } from 'jose';
import { SignumError } from '../../domain/errors.ts';
import type { RootSecret, RootSecrets } from '../../domain/root-secret.ts';

/**
 * Encrypts a private key for the store: JWE (RFC 7516), `dir` with A256GCM under the root secret's
 * key-encryption key, whose id is the `kid`. The whole key is inside, its public part too: whoever can
 * write to the store but lacks the root secret can neither read a key nor plant one.
 */
export function sealJwk(jwk: JWK, root: RootSecret): Promise<string> {
  return new CompactEncrypt(Buffer.from(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: root.id })
    .encrypt(root.keyEncryptionKey().reveal());
}

/** The id of the root secret that sealed a key; undefined if that cannot be told. */
export function sealedUnder(sealed: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(sealed);
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** Throws INTERNAL if no root secret of the list opens it, or it was tampered with. */
export async function openJwk(sealed: string, rootSecrets: RootSecrets): Promise<JWK> {
  const rootId = sealedUnder(sealed);
  const root = rootId === undefined ? undefined : rootSecrets.find(rootId);
  if (root === undefined) {
    throw new SignumError('INTERNAL', 'a stored key is sealed under a root secret not configured');
  }
  const { plaintext } = await compactDecrypt(sealed, root.keyEncryptionKey().reveal(), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  }).catch(() => {
    throw new SignumError('INTERNAL', 'a stored key does not open under its root secret');
  });
  return JSON.parse(Buffer.from(plaintext).toString()) as JWK;
}
