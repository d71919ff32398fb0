import { randomBytes } from 'node:crypto';
import { developmentCertificates } from '../../src/dev/certificates.ts';

/** What all parts of one run share. */
export interface Credentials {
  readonly issuer: string;
  readonly audience: string;
  readonly rootSecret: string;
  readonly apiKey: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export async function makeCredentials(dir: string): Promise<Credentials> {
  const { caFile, certFile, keyFile } = await developmentCertificates(dir);
  const random = () => randomBytes(32).toString('base64url');
  return {
    issuer: 'https://signum.bench.test',
    audience: 'https://api.bench.test',
    rootSecret: random(),
    apiKey: `sgn_admin_${random()}`,
    caFile,
    certFile,
    keyFile,
  };
}
