import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';

/** A file of access tokens, a line each, for the processes that verify them. */
export function tokenFile(lab: Lab, name: string, sessions: readonly Session[]): string {
  const file = join(lab.dir, `${name}.tokens`);
  writeFileSync(file, sessions.map(({ accessToken }) => accessToken).join('\n'));
  return file;
}
