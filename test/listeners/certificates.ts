import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientCertificate, developmentCertificates } from '../../src/dev/certificates.ts';
import type { TlsFiles } from '../../src/transport/tls/read-files.ts';

export interface ClientIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface TestCertificates {
  readonly files: TlsFiles & { readonly clientCaFile: string };
  /** What clients have to trust. */
  readonly ca: Buffer;
  /** A certificate of a client with the name `DNS:<name>`, from the same authority. */
  client(name: string): Promise<ClientIdentity>;
  remove(): void;
}

/** A server certificate for localhost from an authority of its own, in a temporary folder. */
export async function createTestCertificates(): Promise<TestCertificates> {
  const folder = mkdtempSync(join(tmpdir(), 'signum-tls-'));
  const { caFile, certFile, keyFile } = await developmentCertificates(folder);
  return {
    files: { certFile, keyFile, clientCaFile: caFile },
    ca: readFileSync(caFile),
    async client(name) {
      const files = await clientCertificate(folder, name);
      return { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
