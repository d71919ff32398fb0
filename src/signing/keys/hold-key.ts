import { verifySignature } from '@signum/token';
import { invalidField } from '../../domain/errors.ts';
import { type RingKey, ringKey } from '../ring/ring-key.ts';
import type { ImportedKey } from './import-jwk.ts';
import type { LocalSigner } from './local-signer.ts';

const PROBE = Buffer.from('signum key probe');

/**
 * Puts a key with a private part into the signer's hands. Throws INVALID_FIELD if the private part
 * does not belong to the public one: what it signed, nobody could verify.
 */
export function holdKey(imported: ImportedKey, signer: LocalSigner, from: string): RingKey {
  if (imported.signingKey === undefined) return ringKey(imported, undefined);
  signer.add(imported.keyId, imported.algorithm, imported.signingKey);
  const key = ringKey(imported, signer);
  if (!verifySignature(key, PROBE, signer.sign(PROBE, key.keyId, key.algorithm))) {
    signer.remove(key.keyId);
    throw invalidField(from, 'must have a private part that belongs to its public part');
  }
  return key;
}
