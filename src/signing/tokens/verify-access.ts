import type { UnverifiedAccess } from '@signum/token';
import { decodeSegment, verifySignature } from '@signum/token';
import type { KeyRing } from '../ring/key-ring.ts';

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
