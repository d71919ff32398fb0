import { readFileSync, writeFileSync } from 'node:fs';
import { developmentCertificates } from './certificates.ts';
import { renderAcl } from './redis-acl.ts';
import { adminKey, redisPassword, rootSecret } from './secrets.ts';
import { openStateDir, writePrivateFile } from './state-dir.ts';

const ACL_TEMPLATE = new URL('../../deploy/redis/users.acl', import.meta.url);

export interface InitOptions {
  readonly stateDir?: string;
  /** DNS names under which clients reach the server, beside localhost. */
  readonly hostNames?: readonly string[];
  /** `host:port` of the Redis that the server will use. */
  readonly redisAddress?: string;
  /** Where to write the ACL file for that Redis; it holds no usable credential. */
  readonly redisAclFile?: string;
}

export interface InitResult {
  readonly stateDir: string;
  readonly caFile: string;
  readonly adminKeyFile: string;
}

/** Writes what a server started elsewhere needs, such as by Compose. Existing files are kept. */
export async function init(options: InitOptions = {}): Promise<InitResult> {
  const { hostNames = [], redisAddress, redisAclFile } = options;
  const stateDir = openStateDir(options.stateDir);
  const { caFile } = await developmentCertificates(stateDir, { hostNames });
  rootSecret(stateDir);
  const password = redisPassword(stateDir).value;
  if (redisAddress) {
    writePrivateFile(stateDir, 'redis-url', `redis://signum:${password}@${redisAddress}\n`);
  }
  if (redisAclFile) {
    // Redis runs as another user. What it reads is a hash of 256 random bits.
    const acl = renderAcl(readFileSync(ACL_TEMPLATE, 'utf8'), { password });
    writeFileSync(redisAclFile, acl, { mode: 0o644 });
  }
  return { stateDir, caFile, adminKeyFile: adminKey(stateDir).path };
}
