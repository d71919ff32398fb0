import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Identity, isFresh, issueCertificate, type Subject } from './issue-certificate.ts';
import { writePrivateFile } from './state-dir.ts';

export interface DevelopmentCertificates {
  /** PEM file of the certificate authority that clients have to trust. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateOptions {
  /** Further DNS names of the server, beside localhost, 127.0.0.1 and ::1. */
  readonly hostNames?: readonly string[];
  readonly now?: Date;
}

const CA: Subject = { commonName: 'Signum development CA', kind: 'ca', days: 3650 };

/** The development CA and the server certificate; made once, renewed 30 days before they expire. */
export async function developmentCertificates(
  stateDir: string,
  { hostNames = [], now = new Date() }: CertificateOptions = {},
): Promise<DevelopmentCertificates> {
  const dnsNames = ['localhost', ...hostNames];
  return certificateFor(stateDir, 'server', now, {
    commonName: 'localhost',
    kind: 'server',
    days: 365,
    dnsNames,
    ipAddresses: ['127.0.0.1', '::1'],
  });
}

/** A client certificate from the same CA; `name` is its common name and its file name. */
export async function clientCertificate(
  stateDir: string,
  name: string,
  now: Date = new Date(),
): Promise<DevelopmentCertificates> {
  const subject: Subject = { commonName: name, kind: 'client', days: 365, dnsNames: [name] };
  return certificateFor(stateDir, `client-${name}`, now, subject);
}

async function certificateFor(
  stateDir: string,
  name: string,
  now: Date,
  subject: Subject,
): Promise<DevelopmentCertificates> {
  const ca = await ensure(stateDir, 'ca', now, CA);
  await ensure(stateDir, name, now, subject, ca);
  return {
    caFile: join(stateDir, 'ca.crt'),
    certFile: join(stateDir, `${name}.crt`),
    keyFile: join(stateDir, `${name}.key`),
  };
}

async function ensure(
  stateDir: string,
  name: string,
  now: Date,
  subject: Subject,
  issuer?: Identity,
): Promise<Identity> {
  const stored = read(stateDir, name);
  if (stored && isFresh(stored, subject, now, issuer)) return stored;
  const made = await issueCertificate(subject, now, issuer);
  writePrivateFile(stateDir, `${name}.key`, made.keyPem);
  writePrivateFile(stateDir, `${name}.crt`, made.certPem);
  return made;
}

function read(stateDir: string, name: string): Identity | undefined {
  try {
    return {
      certPem: readFileSync(join(stateDir, `${name}.crt`), 'utf8'),
      keyPem: readFileSync(join(stateDir, `${name}.key`), 'utf8'),
    };
  } catch {
    return undefined;
  }
}
