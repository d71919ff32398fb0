import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { authoritiesIn, certificatesIn, type PemFault, pemBlocks } from '../../../domain/pem.ts';
import { RedisMisconfigured } from '../misconfigured.ts';
import type { RedisTarget } from './url.ts';

/** What a connection shows of itself, and checks of the server. */
export interface Access {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Absent without TLS. */
  readonly tls?: ConnectionOptions | undefined;
}

/** Files that are read anew whenever a connection is made, so that what changes in them counts. */
export interface AccessFiles {
  /** PEM file of the authorities that the server's certificate is checked against. */
  readonly caFile?: string | undefined;
  /** PEM files of the certificate that Redis may ask for, and of its key. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** File of the password, in place of one in the URL. */
  readonly passwordFile?: string | undefined;
}

/** @throws RedisMisconfigured when a file cannot be read */
export function readAccess(target: RedisTarget, files: AccessFiles): Access {
  const { passwordFile } = files;
  const password =
    passwordFile === undefined
      ? target.password
      : read('SIGNUM_REDIS_PASSWORD_FILE', passwordFile).replace(/\r?\n$/, '');
  if (password === '')
    throw new RedisMisconfigured('SIGNUM_REDIS_PASSWORD_FILE names an empty file');
  if (target.username !== undefined && password === undefined) {
    throw new RedisMisconfigured(
      'SIGNUM_REDIS_URL has a user and no password; a password without a user is written :password@host',
    );
  }
  return { username: target.username, password, tls: target.tls ? readTls(files) : undefined };
}

function readTls({ caFile, certFile, keyFile }: AccessFiles): ConnectionOptions {
  return {
    ...(caFile !== undefined && { ca: pem('SIGNUM_REDIS_CA_FILE', caFile, authoritiesIn) }),
    ...(certFile !== undefined && {
      cert: pem('SIGNUM_REDIS_CERT_FILE', certFile, certificatesIn),
    }),
    ...(keyFile !== undefined && { key: pem('SIGNUM_REDIS_KEY_FILE', keyFile, pemBlocks) }),
  };
}

/** An authority file without one would check nothing, or everything against the system's. */
function pem(setting: string, file: string, check: (text: string) => object | PemFault): string {
  const text = read(setting, file);
  const checked = check(text);
  if ('fault' in checked)
    throw new RedisMisconfigured(`${setting} names a file that ${checked.fault}`);
  return text;
}

function read(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new RedisMisconfigured(`${setting} names a file that cannot be read (${code})`);
  }
}
