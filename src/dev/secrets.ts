import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './state-dir.ts';

export interface SecretFile {
  readonly path: string;
  readonly value: string;
}

/** Root secret from which the server derives its keys: 32 random bytes, base64url. */
export function rootSecret(stateDir: string): SecretFile {
  return readOrCreate(stateDir, 'root-secret', random256);
}

/** API key of the first administrator: `sgn_admin_` and 43 base64url characters. */
export function adminKey(stateDir: string): SecretFile {
  return readOrCreate(stateDir, 'admin-key', () => `sgn_admin_${random256()}`);
}

/** Password of the managed Redis. */
export function redisPassword(stateDir: string): SecretFile {
  return readOrCreate(stateDir, 'redis-password', random256);
}

/** Two processes that start together agree: linking fails when the name is taken. */
function readOrCreate(dir: string, name: string, create: () => string): SecretFile {
  const path = join(dir, name);
  if (!existsSync(path)) {
    const draft = writePrivateFile(dir, `${name}.${process.pid}.new`, `${create()}\n`);
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!existsSync(path)) throw error;
    } finally {
      unlinkSync(draft);
    }
  }
  return { path, value: readFileSync(path, 'utf8').trim() };
}

function random256(): string {
  return randomBytes(32).toString('base64url');
}
