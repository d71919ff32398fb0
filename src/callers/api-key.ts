import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RootSecret } from '../domain/root-secret.ts';
import type { StoredKey } from './caller-record.ts';

/** `sgn_<key id>_<secret>`, taken apart. */
export interface ApiKey {
  /** Public: 12 letters and digits, by which the key is found and named. */
  readonly keyId: string;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

/** A source of randomness, such as `crypto.randomBytes`. */
export type RandomBytes = (count: number) => Uint8Array;

export const API_KEY_PREFIX = 'sgn_';

const FORM = /^sgn_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const KEY_ID_LENGTH = 12;
const SECRET_BYTES = 32;

export function createApiKey(randomBytes: RandomBytes): ApiKey {
  const secret = Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url');
  return { keyId: createKeyId(randomBytes), secret };
}

export function formatApiKey({ keyId, secret }: ApiKey): string {
  return `${API_KEY_PREFIX}${keyId}_${secret}`;
}

export function parseApiKey(text: string): ApiKey | undefined {
  const [, keyId, secret] = FORM.exec(text) ?? [];
  return keyId && secret ? { keyId, secret } : undefined;
}

/**
 * What is kept of a key's secret: HMAC-SHA256 under a pepper, hexadecimal. A slow hash would add
 * nothing, since 256 random bits cannot be guessed; the pepper makes a stolen copy of the store
 * useless for checking a guess at all. The text is hashed, not the bytes, because base64url lets
 * several texts stand for the same bytes.
 */
export function hashSecret(root: Pick<RootSecret, 'callerPepper'>, secret: string): string {
  return createHmac('sha256', root.callerPepper().reveal()).update(secret).digest('hex');
}

/** Whether a presented secret is the stored key's. Takes the same time wherever they differ. */
export function secretMatches(
  root: Pick<RootSecret, 'callerPepper'>,
  secret: string,
  key: Pick<StoredKey, 'hash'>,
): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(root, secret)), Buffer.from(key.hash));
}

/** Bytes that would make some letters likelier than others are thrown away. */
function createKeyId(randomBytes: RandomBytes): string {
  const unbiased = 256 - (256 % ALPHABET.length);
  let id = '';
  while (id.length < KEY_ID_LENGTH) {
    for (const byte of randomBytes(KEY_ID_LENGTH)) {
      if (byte < unbiased && id.length < KEY_ID_LENGTH) id += ALPHABET[byte % ALPHABET.length];
    }
  }
  return id;
}
