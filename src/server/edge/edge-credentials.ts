import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { EdgeCredentials } from '@signum/edge';
import { ConfigError, type EdgeConfig } from '../../config/config.ts';
import { authoritiesIn, certificatesIn, pemBlocks } from '../../domain/pem.ts';

const FILES = {
  ca: ['caFile', 'SIGNUM_CA_FILE', authoritiesIn],
  cert: ['certFile', 'SIGNUM_CLIENT_CERT_FILE', certificatesIn],
  key: ['keyFile', 'SIGNUM_CLIENT_KEY_FILE', pemBlocks],
} as const;

/** How the edge shows the servers who it is. Throws ConfigError for a file that cannot be used. */
export function readEdgeCredentials({ client }: Pick<EdgeConfig, 'client'>): EdgeCredentials {
  const read = (name: keyof typeof FILES): Buffer | undefined => {
    const [member, setting, check] = FILES[name];
    const path = client[member];
    if (path === undefined) return undefined;
    const refuse = (fault: string) =>
      new ConfigError([{ setting, fault: `names ${path}, which ${fault}`, allowed: '' }]);
    let pem: Buffer;
    try {
      pem = readFileSync(path);
    } catch (error) {
      const { code = 'unreadable' } = error as NodeJS.ErrnoException;
      throw refuse(`cannot be read (${code})`);
    }
    const checked = check(pem.toString());
    if ('fault' in checked) throw refuse(checked.fault);
    return pem;
  };
  const [ca, cert, key] = [read('ca'), read('cert'), read('key')];
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const [, setting] = cert === undefined ? FILES.ca : FILES.cert;
    throw new ConfigError([{ setting, fault: `is not taken by TLS (${code})`, allowed: '' }]);
  }
  return { apiKey: client.apiKey?.reveal(), ca, cert, key };
}
