import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientCertificate, developmentCertificates } from './certificates.ts';

const DAY_MS = 86_400_000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-certificates-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('the server certificate names localhost and both loopback addresses', async () => {
  const files = await developmentCertificates(dir, { hostNames: ['signum'] });
  const cert = read(files.certFile);
  expect(cert.checkHost('localhost')).toBe('localhost');
  expect(cert.checkHost('signum')).toBe('signum');
  expect(cert.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(cert.checkIP('::1')).toBe('::1');
  expect(cert.checkIssued(read(files.caFile))).toBe(true);
});

test('keys can be read by their owner only', async () => {
  const { keyFile } = await developmentCertificates(dir);
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
});

test('certificates are kept until 30 days before they expire', async () => {
  const now = new Date();
  const first = await serialAt(now);
  expect(await serialAt(new Date(now.getTime() + 334 * DAY_MS))).toBe(first);
  expect(await serialAt(new Date(now.getTime() + 336 * DAY_MS))).not.toBe(first);
});

test('a server certificate from a lost CA is replaced', async () => {
  const now = new Date();
  const first = await serialAt(now);
  rmSync(join(dir, 'ca.key'));
  expect(await serialAt(now)).not.toBe(first);
});

test('a truncated certificate is replaced', async () => {
  const { certFile } = await developmentCertificates(dir);
  writeFileSync(certFile, '');
  await developmentCertificates(dir);
  expect(read(certFile).subject).toBe('CN=localhost');
});

test('a client certificate comes from the same CA', async () => {
  const { caFile, certFile } = await clientCertificate(dir, 'gateway');
  expect(read(certFile).subject).toBe('CN=gateway');
  expect(read(certFile).verify(read(caFile).publicKey)).toBe(true);
});

async function serialAt(now: Date): Promise<string> {
  return read((await developmentCertificates(dir, { now })).certFile).serialNumber;
}

function read(file: string): X509Certificate {
  return new X509Certificate(readFileSync(file));
}
