import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import type { ExternalSigner } from '../../../src/signing/keys/external-signer.ts';
import { generateJwk } from '../../../src/signing/keys/generate-jwk.ts';
import { ACCESS_CLAIMS, ISSUER, keyFiles, signingFixture } from '../../setup/signing-fixture.ts';

/** A key service in a thread of its own: the private key is nowhere else, and answers are in DER. */
const KEY_SERVICE = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { createPrivateKey, sign } = require('node:crypto');
  const key = createPrivateKey({ key: workerData, format: 'jwk' });
  parentPort.on('message', (input) => parentPort.postMessage(sign('sha256', input, key)));
`;

/** DER (SEQUENCE of two INTEGERs) as the 64 bytes of RFC 7518 section 3.4. */
function joseSignature(der: Uint8Array): Buffer {
  const bytes = Buffer.from(der);
  const rLength = bytes[3] ?? 0;
  const r = bytes.subarray(4, 4 + rLength);
  const s = bytes.subarray(6 + rLength);
  const fixed = (part: Buffer) => Buffer.concat([Buffer.alloc(32), part]).subarray(-32);
  return Buffer.concat([fixed(r), fixed(s)]);
}

test('a key that never leaves a key service signs tokens that anybody can verify', async () => {
  const jwk = await generateJwk('ES256');
  const { d: _, ...publicJwk } = jwk;
  const service = new Worker(KEY_SERVICE, { eval: true, workerData: jwk });
  onTestFinished(() => void service.terminate());
  const signer: ExternalSigner = {
    holds: (keyId) => keyId === jwk.kid,
    async sign(input) {
      service.postMessage(input);
      const [der] = await once(service, 'message');
      return joseSignature(der);
    },
  };
  const paths = keyFiles(JSON.stringify(publicJwk));
  const { signing, ring } = await signingFixture({ keys: { kind: 'files', paths, signer } });
  for (let i = 0; i < 50; i += 1) {
    const token = await signing.signAccess(ACCESS_CLAIMS, signing.currentKeyId());
    const keySet = createLocalJWKSet(JSON.parse(ring.jwksJson()));
    const currentDate = new Date(ACCESS_CLAIMS.issuedAtS * 1_000);
    const { payload } = await jwtVerify(token, keySet, { issuer: ISSUER, currentDate });
    expect(payload.jti).toBe(ACCESS_CLAIMS.tokenId);
    const read = signing.readAccess(token);
    expect(typeof read === 'object' && (await signing.verifyAccess(token, read))).toBe(true);
  }
});
