// Records proto/ as the released contract, which later changes may extend but not break.
import { spawnSync } from 'node:child_process';
import { ROOT } from './dependencies.js';

const RELEASED = 'proto/released.binpb';

const result = spawnSync(
  'node_modules/.bin/buf',
  ['build', '.', '--path', 'proto/signum', '--exclude-source-info', '-o', RELEASED],
  { cwd: ROOT, stdio: 'inherit' },
);
if (result.status === 0) console.log(`Wrote ${RELEASED}. Commit it with the release.`);
process.exit(result.status ?? 1);
