import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface Identity {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Subject {
  readonly commonName: string;
  readonly kind: 'ca' | 'server' | 'client';
  /** Lifetime in days. */
  readonly days: number;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Such as `spiffe://example.org/gateway`. */
  readonly uris?: readonly string[];
}

const DAY_MS = 86_400_000;
const RENEW_BEFORE_EXPIRY_MS = 30 * DAY_MS;
const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Whether a stored identity can still be used for `subject`. A CA has no issuer. */
export function isFresh(stored: Identity, subject: Subject, now: Date, issuer?: Identity): boolean {
  try {
    const cert = new X509Certificate(stored.certPem);
    const parent = issuer ? new X509Certificate(issuer.certPem) : cert;
    const wanted = [...(subject.dnsNames ?? []), ...(subject.ipAddresses ?? [])];
    return (
      cert.validToDate.getTime() - now.getTime() > RENEW_BEFORE_EXPIRY_MS &&
      cert.checkPrivateKey(createPrivateKey(stored.keyPem)) &&
      cert.verify(parent.publicKey) &&
      wanted.every((name) => cert.checkHost(name) ?? cert.checkIP(name))
    );
  } catch {
    return false;
  }
}

/** Issues an ECDSA P-256 certificate, signed by `issuer` or by itself. */
export async function issueCertificate(
  subject: Subject,
  now: Date,
  issuer?: Identity,
): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(ECDSA_P256, true, ['sign', 'verify']);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(15).toString('hex')}`,
    subject: `CN=${subject.commonName}`,
    issuer: issuer ? new x509.X509Certificate(issuer.certPem).subject : `CN=${subject.commonName}`,
    // An hour of slack for clients whose clock is behind.
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + subject.days * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: issuer ? await importKey(issuer.keyPem) : keys.privateKey,
    signingAlgorithm: ECDSA_P256,
    extensions: await extensions(subject, keys.publicKey, issuer),
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certPem: `${cert.toString('pem')}\n`,
    keyPem: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}

async function extensions(
  { kind, dnsNames = [], ipAddresses = [], uris = [] }: Subject,
  publicKey: webcrypto.CryptoKey,
  issuer?: Identity,
): Promise<x509.Extension[]> {
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;
  const usage = kind === 'ca' ? keyCertSign | cRLSign : digitalSignature;
  const common = [
    new x509.BasicConstraintsExtension(kind === 'ca', kind === 'ca' ? 0 : undefined, true),
    new x509.KeyUsagesExtension(usage, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
  if (!issuer) return common;
  const authority = new x509.X509Certificate(issuer.certPem).publicKey;
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
    ...uris.map((value) => ({ type: 'url' as const, value })),
  ];
  const purpose = kind === 'server' ? 'serverAuth' : 'clientAuth';
  return [
    ...common,
    await x509.AuthorityKeyIdentifierExtension.create(authority),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[purpose]]),
    new x509.SubjectAlternativeNameExtension(names),
  ];
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem);
  return webcrypto.subtle.importKey('pkcs8', der, ECDSA_P256, false, ['sign']);
}
