import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { developmentCertificates } from '../dev/certificates.ts';
import { authoritiesIn, certificatesIn, pemBlocks } from './pem.ts';

const dir = mkdtempSync(join(tmpdir(), 'signum-pem-'));
let cert: string;
let key: string;
beforeAll(async () => {
  const files = await developmentCertificates(dir);
  cert = readFileSync(files.certFile, 'utf8');
  key = readFileSync(files.keyFile, 'utf8');
});
afterAll(() => rmSync(dir, { recursive: true }));

test('what stands between blocks is a comment', () => {
  expect(certificatesIn(`# one\n${cert}# another\n${cert}`)).toHaveLength(2);
  expect(pemBlocks('see the wiki')).toEqual([]);
});

test('a block that begins and does not end, or ends and has not begun, is a fault', () => {
  const end = cert.indexOf('-----END');
  for (const text of [cert.slice(0, end), `${cert}${cert.slice(0, end)}`, cert.slice(40)]) {
    for (const read of [pemBlocks, certificatesIn, authoritiesIn]) {
      expect(read(text)).toEqual({ fault: expect.stringContaining('its beginning or its end') });
    }
  }
});

test('a key beside a certificate is no matter, and beside an authority it is', () => {
  expect(certificatesIn(`${key}${cert}`)).toHaveLength(1);
  for (const text of [`${key}${cert}`, `${cert}${key}`]) {
    expect(authoritiesIn(text)).toEqual({ fault: expect.stringContaining('PRIVATE KEY') });
  }
});
