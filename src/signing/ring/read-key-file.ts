import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readJsonObject } from '@signum/token';
import type { JWK } from 'jose';
import { invalidField } from '../../domain/errors.ts';
import { pemBlocks } from '../../domain/pem.ts';

const PEM_PARAMETERS = 'EC PARAMETERS';

/**
 * Reads the keys of a file in their order: PEM (PKCS#8 private keys, or SPKI public keys that only
 * verify), a JWK set, or a single JWK. Throws INVALID_FIELD naming the file; the parsers' own errors
 * are dropped, since they may quote the key.
 */
export async function readKeyFile(path: string): Promise<readonly JWK[]> {
  const text = await readText(path);
  const found = pemBlocks(text);
  if ('fault' in found) throw invalidField(path, found.fault);
  const blocks = found.filter(({ label }) => label !== PEM_PARAMETERS);
  const keys =
    blocks.length > 0 ? blocks.map((each) => readPem(each.text, path)) : readJwks(text, path);
  if (keys.length === 0) throw invalidField(path, 'must hold at least one key');
  return keys;
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw invalidField(path, `must be a readable file (${code})`);
  }
}

function readPem(pem: string, path: string): JWK {
  try {
    const key: KeyObject = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem)
      ? createPrivateKey(pem)
      : createPublicKey(pem);
    return key.export({ format: 'jwk' }) as JWK;
  } catch {
    throw invalidField(path, 'must hold unencrypted RSA, P-256 or Ed25519 keys in PKCS#8 or SPKI');
  }
}

function readJwks(text: string, path: string): readonly JWK[] {
  const document = readJsonObject(Buffer.from(text));
  const keys = Array.isArray(document?.['keys']) ? document['keys'] : [document];
  if (!keys.every(isJwk)) throw invalidField(path, 'must be PEM, a JWK set or a JWK');
  return keys;
}

function isJwk(value: unknown): value is JWK {
  return isObject(value) && typeof value['kty'] === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
