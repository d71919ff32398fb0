import { crc32 } from 'node:zlib';
import { type AccessClaims, AccessReader, verifySignature } from '@signum/token';
import type { TokenKind } from './core/known-tokens.ts';
import type { Deployment } from './core/mirror.ts';
import type { ReadToken } from './core/verifier.ts';
import type { KeySet } from './key-set.ts';

/** Kinds that are kept to be shared; more, and one begins to keep them anew. */
const MOST_KINDS = 10_000;

/** Reads a deployment's tokens and verifies their signatures; what it does not know, the server does. */
export function createTokenReader(
  { issuer, partitions }: Pick<Deployment, 'issuer' | 'partitions'>,
  keys: () => KeySet,
): ReadToken {
  const reader = new AccessReader(issuer);
  const kinds = new Map<string, TokenKind>();

  function kindOf(claims: AccessClaims, keyId: string): TokenKind {
    const { device, scopes, audiences, confirmation } = claims;
    const { tenantId } = device;
    // Hardly two tokens are bound to one key.
    if (confirmation !== undefined) return { tenantId, keyId, scopes, audiences, confirmation };
    const name = [tenantId, keyId, scopes.join(' '), ...audiences].join('\0');
    const known = kinds.get(name);
    if (known !== undefined) return known;
    if (kinds.size >= MOST_KINDS) kinds.clear();
    const kind = { tenantId, keyId, scopes, audiences };
    kinds.set(name, kind);
    return kind;
  }

  return (token) => {
    const read = reader.read(token);
    if (typeof read === 'string') return { fault: read };
    const { claims, keyId, algorithm } = read;
    const key = keys().get(keyId);
    if (key === undefined) return { unsure: 'KEY' };
    if (key.algorithm !== algorithm || !isSigned(token, key)) return { fault: 'BAD_SIGNATURE' };
    const { tenantId, userId } = claims.device;
    return {
      facts: {
        tokenId: claims.tokenId,
        partition: crc32(`${tenantId}\0${userId}`) % partitions,
        issuedAtS: claims.issuedAtS,
        expiresAtS: claims.expiresAtS,
        kind: kindOf(claims, keyId),
      },
    };
  };
}

/** The reader has seen that there are three segments, each in canonical base64url. */
function isSigned(token: string, key: Parameters<typeof verifySignature>[0]): boolean {
  const dot = token.lastIndexOf('.');
  const input = Buffer.from(token.slice(0, dot), 'latin1');
  return verifySignature(key, input, Buffer.from(token.slice(dot + 1), 'base64url'));
}
