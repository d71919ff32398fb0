import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { EdgeCredentials } from '@signum/edge';
import { ConfigError, type EdgeConfig } from '../../config/config.ts';

const FILES = {
  ca: ['caFile', 'SIGNUM_CA_FILE'],
  cert: ['certFile', 'SIGNUM_CLIENT_CERT_FILE'],
  key: ['keyFile', 'SIGNUM_CLIENT_KEY_FILE'],
} as const;

/** How the edge shows the servers who it is. Throws ConfigError for a file that cannot be used. */
export function readEdgeCredentials({ client }: Pick<EdgeConfig, 'client'>): EdgeCredentials {
  const read = (name: keyof typeof FILES): Buffer | undefined => {
    const [member, setting] = FILES[name];
    const path = client[member];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      const { code = 'unreadable' } = error as NodeJS.ErrnoException;
      const fault = `names ${path}, which cannot be read (${code})`;
      throw new ConfigError([{ setting, fault, allowed: '' }]);
    }
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
