// Generates packages/contract/gen from proto/. With `--output DIR` it writes below DIR instead.
import { spawnSync } from 'node:child_process';
import { ROOT } from './dependencies.js';

const result = spawnSync('node_modules/.bin/buf', ['generate', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${ROOT}/node_modules/.bin:${process.env.PATH}` },
});
process.exit(result.status ?? 1);
