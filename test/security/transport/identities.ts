import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Identity,
  issueCertificate,
  type Subject,
} from '../../../src/dev/issue-certificate.ts';

/** What a client presents in its TLS handshake. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
}

/** An authority that issues client certificates. */
export interface Authority {
  readonly pem: string;
  issue(subject: Partial<Subject>, now?: Date): Promise<ClientIdentity>;
}

const DAY_MS = 86_400_000;

/** When a certificate of one day has to be issued for it to have expired by now. */
export const LONG_AGO = new Date(Date.now() - 30 * DAY_MS);

export async function createAuthority(commonName: string): Promise<Authority> {
  const now = new Date();
  const ca: Identity = await issueCertificate({ commonName, kind: 'ca', days: 30 }, now);
  return {
    pem: ca.certPem,
    async issue(subject, at = now) {
      const whole: Subject = { commonName: 'client', kind: 'client', days: 1, ...subject };
      const { certPem, keyPem } = await issueCertificate(whole, at, ca);
      return { cert: certPem, key: keyPem };
    },
  };
}

export interface Bundle {
  readonly file: string;
  write(...authorities: readonly Authority[]): void;
  remove(): void;
}

/** A file of authorities, as SIGNUM_TLS_CLIENT_CA_FILE names it. */
export function createBundle(...authorities: readonly Authority[]): Bundle {
  const dir = mkdtempSync(join(tmpdir(), 'signum-authorities-'));
  const file = join(dir, 'clients.pem');
  const write: Bundle['write'] = (...all) =>
    writeFileSync(file, all.map(({ pem }) => pem).join(''));
  write(...authorities);
  return { file, write, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
