import { type Algorithm, isAlgorithm, KEY_ID } from '@signum/token';
import { SignumError } from '../../domain/errors.ts';

/** A managed key as it is stored. Its state is not: it follows from the instants and the time. */
export interface StoredKey {
  readonly keyId: string;
  readonly algorithm: Algorithm;
  readonly createdAtMs: number;
  readonly activatesAtMs: number;
  /** Set once it is revoked; from then on there is no `sealed`. */
  readonly revokedAtMs?: number;
  /** The private key, encrypted: see seal-jwk.ts. */
  readonly sealed?: string;
}

/**
 * The whole ring is one document, so that one compare-and-set changes it: a key is never revoked
 * without its successor being there, and of two servers that rotate at once only one succeeds.
 */
export const RING_DOCUMENT = 'ring';

const VERSION = 1;

/**
 * @param horizonMs How long a key outlives its last signature, in milliseconds: the longest that any
 *   server has ever asked for, since sessions keep the lifetimes that they began with.
 */
export function writeRing(keys: readonly StoredKey[], horizonMs: number): string {
  return JSON.stringify({ version: VERSION, keys, horizonMs });
}

/** Throws INTERNAL if the document was not written by this version of Signum or has been damaged. */
export function readRing(text: string | undefined): readonly StoredKey[] {
  if (text === undefined) return [];
  const { version, keys } = parse(text);
  if (version !== VERSION || !Array.isArray(keys)) throw damaged();
  if (!keys.every(isStoredKey)) throw damaged();
  return keys;
}

/** The horizon that was written with the keys; 0 if none was. Throws as {@link readRing} does. */
export function readHorizonMs(text: string | undefined): number {
  const { horizonMs = 0 } = text === undefined ? {} : parse(text);
  if (!Number.isSafeInteger(horizonMs)) throw damaged();
  return horizonMs as number;
}

interface Unread {
  readonly version?: unknown;
  readonly keys?: unknown;
  readonly horizonMs?: unknown;
}

function parse(text: string): Unread {
  try {
    return (JSON.parse(text) ?? {}) as Unread;
  } catch {
    throw damaged();
  }
}

function isStoredKey(value: unknown): value is StoredKey {
  if (typeof value !== 'object' || value === null) return false;
  const key = value as Record<string, unknown>;
  return (
    typeof key['keyId'] === 'string' &&
    KEY_ID.test(key['keyId']) &&
    isAlgorithm(key['algorithm']) &&
    Number.isSafeInteger(key['createdAtMs']) &&
    Number.isSafeInteger(key['activatesAtMs']) &&
    (key['revokedAtMs'] === undefined
      ? typeof key['sealed'] === 'string'
      : Number.isSafeInteger(key['revokedAtMs']))
  );
}

function damaged(): SignumError {
  return new SignumError('INTERNAL', 'the stored key ring cannot be read');
}
