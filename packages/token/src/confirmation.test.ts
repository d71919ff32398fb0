import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { clientCertificate } from '../../../src/dev/certificates.ts';
import { certificateThumbprint, readConfirmation } from './confirmation.ts';

const THUMBPRINT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';

test.each(['jkt', 'x5t#S256'])('%s is read', (method) => {
  const confirmation = { method, thumbprint: THUMBPRINT };
  expect(readConfirmation({ [method]: THUMBPRINT })).toEqual(confirmation);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a text', THUMBPRINT],
  ['a list', [THUMBPRINT]],
  ['no method', {}],
  ['two methods', { jkt: THUMBPRINT, 'x5t#S256': THUMBPRINT }],
  ['a method that is not known', { jwk: { kty: 'EC' } }],
  ['a method that is not known besides one that is', { jkt: THUMBPRINT, kid: 'k' }],
  ['a thumbprint by SHA-1', { x5t: THUMBPRINT }],
  ['a number', { jkt: 1 }],
  ['a thumbprint that is too short', { jkt: THUMBPRINT.slice(1) }],
  ['a padded thumbprint', { jkt: `${THUMBPRINT}=` }],
  ['unused bits that are set', { jkt: `${THUMBPRINT.slice(0, -1)}5` }],
  ['hexadecimal', { jkt: 'a'.repeat(64) }],
])('%s is no confirmation', (_what, cnf) => {
  expect(readConfirmation(cnf as never)).toBeUndefined();
});

test('the thumbprint of a certificate is that of its DER, in whatever form it comes', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-thumbprint-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const { certFile, caFile } = await clientCertificate(dir, 'app');
  const pem = readFileSync(certFile, 'utf8');
  const der = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64');
  const thumbprint = createHash('sha256').update(der).digest('base64url');
  expect(certificateThumbprint(pem)).toBe(thumbprint);
  expect(certificateThumbprint(der)).toBe(thumbprint);
  expect(certificateThumbprint(pem + readFileSync(caFile, 'utf8'))).toBe(thumbprint);
});

test.each(['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
  '%j is no certificate',
  (text) => {
    expect(certificateThumbprint(text)).toBeUndefined();
  },
);
