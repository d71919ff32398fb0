// Makes packages/* publishable: dist-packages/<name> holds each as it goes to the registry, compiled and
// with types. In the repository packages are run from their sources.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './dependencies.js';

/** In the order in which they need one another. */
const NAMES = ['contract', 'token', 'edge'];

const OUTPUT = join(ROOT, 'dist-packages');

rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(join(OUTPUT, 'node_modules/@signum'), { recursive: true });
for (const name of NAMES) {
  build(name);
  // The next one finds it as it will be found once it is installed.
  symlinkSync(join(OUTPUT, name), join(OUTPUT, 'node_modules/@signum', name));
}

function build(name) {
  const from = join(ROOT, 'packages', name);
  const to = join(OUTPUT, name);
  mkdirSync(to);
  if (existsSync(join(from, 'src'))) compile(from, to);
  else cpSync(join(from, 'gen'), join(to, 'gen'), { recursive: true });
  cpSync(join(from, 'README.md'), join(to, 'README.md'));
  cpSync(join(ROOT, 'LICENSE'), join(to, 'LICENSE'));
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`);
}

function compile(from, to) {
  const sources = join(to, 'src');
  const config = join(to, 'tsconfig.json');
  cpSync(join(from, 'src'), sources, {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  });
  const compilerOptions = { noEmit: false, rootDir: 'src', outDir: 'dist', declaration: true };
  const extended = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['src'] };
  writeFileSync(config, JSON.stringify(extended));
  const { status } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', config], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
  rmSync(sources, { recursive: true });
  rmSync(config);
}

/** The manifest as it is published: what pointed at a source points at what was compiled from it. */
function published(manifest) {
  const compiled = (path) => path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '');
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([name, target]) => [
      name,
      typeof target === 'string'
        ? { types: `${compiled(target)}.d.ts`, default: `${compiled(target)}.js` }
        : target,
    ]),
  );
  const files = manifest.files.map((file) => (file === 'src' ? 'dist' : file));
  return { ...manifest, exports, files };
}
