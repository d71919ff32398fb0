import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = join(ROOT, 'dist-packages');
const NAMES = ['contract', 'token', 'edge'];
/** What the packages depend on, as it would be installed along with them. */
const DEPENDENCIES = [
  '@bufbuild/protobuf',
  '@bufbuild/protovalidate',
  '@connectrpc/connect',
  '@connectrpc/connect-node',
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signum-packages-'));
  run(process.execPath, ['scripts/build-packages.js'], ROOT);
  for (const name of NAMES) {
    const packed = run(
      'npm',
      ['pack', '--silent', '--pack-destination', folder],
      join(BUILT, name),
    );
    const target = join(folder, 'node_modules/@signum', name);
    mkdirSync(target, { recursive: true });
    const archive = join(folder, packed.trim());
    run('tar', ['-xzf', archive, '--strip-components=1', '-C', target], folder);
  }
  for (const name of DEPENDENCIES) {
    mkdirSync(join(folder, 'node_modules', name, '..'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(file: string, args: readonly string[], cwd: string): string {
  return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

test.each(NAMES)(
  '@signum/%s has nothing that publint or the types of it would stumble over',
  async (name) => {
    const { messages } = await publint({
      pkgDir: join(BUILT, name),
      level: 'warning',
      strict: true,
    });
    expect(messages).toEqual([]);
    const archive = readdirSync(folder).find((file) =>
      file.startsWith(`signum-${name}-`),
    ) as string;
    // Only ES modules are published, and so only they are asked for.
    const attw = join(ROOT, 'node_modules/.bin/attw');
    const entry = name === 'contract' ? ['--entrypoints', './signum/v1/feed_service_pb.js'] : [];
    run(attw, [join(folder, archive), '--profile', 'esm-only', '--quiet', ...entry], ROOT);
  },
  120_000,
);

test('no test, no source and no server code is published', () => {
  const files = readdirSync(join(folder, 'node_modules/@signum/edge'), { recursive: true }).map(
    String,
  );
  expect(files.filter((file) => /\.test\.|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  const code = files
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(folder, 'node_modules/@signum/edge', file), 'utf8'))
    .join('\n');
  const imported = [...code.matchAll(/from '([^.'][^']*)'/g)].map(([, name = '']) => name);
  const { dependencies } = JSON.parse(
    readFileSync(join(folder, 'node_modules/@signum/edge/package.json'), 'utf8'),
  );
  const packages = imported
    .filter((name) => !name.startsWith('node:'))
    .map((name) => name.split('/').slice(0, 2).join('/'));
  expect([...new Set(packages)].sort()).toEqual(Object.keys(dependencies).sort());
});

test('what is packed runs and type-checks for whoever installs it', () => {
  writeFileSync(
    join(folder, 'gateway.ts'),
    `import { connectEdge, EdgeError, type Verdict } from '@signum/edge';
import { createGuard } from '@signum/edge/headers';
import { signum } from '@signum/edge/express';
import { AccessReader } from '@signum/token';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
try {
  const edge = await connectEdge({ address: 'ftp://nowhere', credentials: {} });
  const verdict: Verdict | Promise<Verdict> = edge.verify('x');
  createGuard(edge);
  signum(edge);
} catch (error) {
  console.log(error instanceof EdgeError && error.reason, typeof AccessReader, FeedService.typeName);
}
`,
  );
  expect(run(process.execPath, ['gateway.ts'], folder)).toBe(
    'ADDRESS function signum.v1.FeedService\n',
  );
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--skipLibCheck',
  ];
  run(
    tsc,
    [...options, '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types'), 'gateway.ts'],
    folder,
  );
}, 120_000);
