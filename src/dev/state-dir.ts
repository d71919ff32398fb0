import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Git-ignored folder at the root of the checkout. */
const DEFAULT_STATE_DIR = fileURLToPath(new URL('../../.signum', import.meta.url));

/** Creates the folder that only the current user can enter, and returns its path. */
export function openStateDir(dir: string = DEFAULT_STATE_DIR): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  return dir;
}

/** Replaces a file in one step, so that a reader never sees half of a key. */
export function writePrivateFile(dir: string, name: string, content: string): string {
  const path = join(dir, name);
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
  return path;
}
