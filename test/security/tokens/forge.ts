import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { type Algorithm, algorithmSpec, cryptoKeyInput } from '@signum/token';
import type { JWK } from 'jose';

/** Order of the group of P-256: (r, n - s) verifies wherever (r, s) does. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Base64url of text or bytes; anything else is written as JSON first. */
export function encode(part: unknown): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString('base64url');
  const text = typeof part === 'string' ? part : JSON.stringify(part);
  return Buffer.from(text).toString('base64url');
}

/** The three segments of a token, decoded where that helps to alter them. */
export interface Parts {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signature: Buffer;
  /** The segments as they are spelled. */
  readonly raw: readonly [header: string, payload: string, signature: string];
}

export function partsOf(token: string): Parts {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const json = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString());
  return {
    header: json(header),
    payload: json(payload),
    signature: Buffer.from(signature, 'base64url'),
    raw: [header, payload, signature],
  };
}

/** Signs whatever it is given, under whatever the key is good for. */
export function signInput(input: string, jwk: JWK, algorithm = jwk.alg as Algorithm): Buffer {
  const { keyType, hash } = algorithmSpec(algorithm);
  if (keyType === 'oct') {
    return createHmac(hash ?? 'sha256', Buffer.from(jwk.k ?? '', 'base64url'))
      .update(input)
      .digest();
  }
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return sign(hash, Buffer.from(input), cryptoKeyInput(key, algorithm));
}

/** A compact JWS over any header and payload, with a signature that is right for the key. */
export function forge(header: unknown, payload: unknown, jwk: JWK, algorithm?: Algorithm): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${encode(signInput(input, jwk, algorithm))}`;
}

/** The same token with the other signature that ECDSA has for it. */
export function ecdsaTwin(token: string): string {
  const { raw, signature } = partsOf(token);
  const s = BigInt(`0x${signature.toString('hex', 32)}`);
  const twin = Buffer.from((P256_ORDER - s).toString(16).padStart(64, '0'), 'hex');
  return [raw[0], raw[1], encode(Buffer.concat([signature.subarray(0, 32), twin]))].join('.');
}

/** Another spelling of a base64url segment whose last character has unused bits; else undefined. */
export function respell(segment: string): string | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = [...alphabet].find((letter) => {
    const text = segment.slice(0, -1) + letter;
    return text !== segment && Buffer.from(text, 'base64url').equals(bytes);
  });
  return other === undefined ? undefined : segment.slice(0, -1) + other;
}
