import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JWK } from 'jose';
import { importJwk } from '../../src/signing/keys/import-jwk.ts';
import { type RingKey, ringKey } from '../../src/signing/ring/ring-key.ts';

/** An example of an RFC: a JWS or JWE in whatever form, none of which Signum issues. */
export interface RfcVector {
  readonly name: string;
  readonly jws: string;
  /** The key it verifies with; only for algorithms that Signum knows, in compact form. */
  readonly jwk?: JWK;
}

export type WycheproofTest = readonly [
  id: number,
  comment: string,
  message: string,
  signature: string,
  result: 'valid' | 'invalid' | 'acceptable',
];

export interface WycheproofGroup {
  readonly jwk: JWK;
  readonly tests: readonly WycheproofTest[];
}

export const RFC_VECTORS = JSON.parse(text('rfc.json')) as readonly RfcVector[];

/** A line is either a key or a test of the key before it. */
export function wycheproof(algorithm: string): readonly WycheproofGroup[] {
  const groups: { jwk: JWK; tests: WycheproofTest[] }[] = [];
  for (const line of text(`wycheproof/${algorithm}.jsonl`).trimEnd().split('\n')) {
    const value = JSON.parse(line) as JWK | WycheproofTest;
    if (isTest(value)) groups.at(-1)?.tests.push(value);
    else groups.push({ jwk: value, tests: [] });
  }
  return groups;
}

function isTest(value: JWK | WycheproofTest): value is WycheproofTest {
  return Array.isArray(value);
}

/** A key that verifies, checked like any that is configured. */
export async function verifyKey(jwk: JWK): Promise<RingKey> {
  return ringKey(await importJwk(jwk, { from: 'vector' }), undefined);
}

export function fromBase64Url(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

function text(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
}
