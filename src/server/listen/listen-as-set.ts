import { ConfigError } from '../../config/config.ts';
import type { Address } from '../../transport/listener.ts';

/** Why the operating system may never let a server listen there, by what it says. */
const NEVER: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'is not an address of this machine',
  EACCES:
    'needs the right to listen there: take a port above 1023, or a folder that may be written to',
  EPERM: 'needs the right to listen there: take a port above 1023',
  ENOTFOUND: 'has a name that is not known here',
  EAI_AGAIN: 'has a name that cannot be looked up now',
  EAFNOSUPPORT: 'is of a kind of address that this machine does not have',
  EINVAL: 'is not an address to listen at',
  ENOENT: 'is in a folder that is not there',
};

/**
 * Starts a listener, and names the setting if it cannot listen there. Rejects with ConfigError, or with
 * EADDRINUSE, which may pass.
 */
export async function listenAsSet<T>(
  setting: string,
  at: Pick<Address, 'host' | 'port' | 'path'>,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const where = whereOf(at);
    if (code === 'EADDRINUSE') {
      throw Object.assign(new Error(`${setting}: ${where} is in use`, { cause: error }), { code });
    }
    const why = NEVER[code];
    if (why === undefined) throw error;
    throw new ConfigError([{ setting: `${setting}=${where}`, fault: why, allowed: '' }]);
  }
}

function whereOf({ host, port, path }: Pick<Address, 'host' | 'port' | 'path'>): string {
  if (path !== undefined) return `unix:${path}`;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
