// Compiles src/ to dist/. Lua scripts stay in lua/, which src/store and dist/store both reach
// as ../../lua.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './dependencies.js';

const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
const result = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (result.status !== 0) process.exit(result.status ?? 1);
if (existsSync(join(DIST, 'main.js'))) chmodSync(join(DIST, 'main.js'), 0o755);
