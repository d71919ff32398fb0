import { execFile, execFileSync } from 'node:child_process';
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
import { promisify } from 'node:util';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { API_KEY, startFakeSignum } from '../setup/fake-signum.ts';

const execFileAsync = promisify(execFile);
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
/** What an app has besides. */
const OF_THE_APP = ['express', 'fastify', 'hono', '@types/express'];

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
  for (const name of [...DEPENDENCIES, ...OF_THE_APP]) {
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

/** Type-checks programs in the folder as an app of its own would, and strictly, types of packages included. */
function typeCheck(resolution: 'nodenext' | 'bundler', ...files: readonly string[]): void {
  const module = resolution === 'nodenext' ? 'nodenext' : 'esnext';
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024'];
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  const how = ['--module', module, '--moduleResolution', resolution, ...options, ...types];
  run(join(ROOT, 'node_modules/.bin/tsc'), [...how, ...files], folder);
}

/** What `package.json` of a package lets be imported. */
function entriesOf(name: string): string[] {
  const manifest = join(folder, 'node_modules/@signum', name, 'package.json');
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: object };
  return Object.keys(exports).map((entry) => `@signum/${name}${entry.slice(1)}`);
}

test('what is packed runs for whoever installs it', () => {
  writeFileSync(
    join(folder, 'gateway.ts'),
    `import { connectEdge, EdgeError } from '@signum/edge';
import { createGuard } from '@signum/edge/headers';
import { signum } from '@signum/edge/express';
import { AccessReader } from '@signum/token';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
try {
  const edge = await connectEdge({ address: 'ftp://nowhere', credentials: {} });
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
});

test.each(['nodenext', 'bundler'] as const)(
  'whoever resolves modules as %s is told the types of every export, and what is wrong',
  (resolution) => {
    const entries = ['edge', 'token'].flatMap(entriesOf);
    expect(entries).toContain('@signum/edge/fastify');
    // An import without types would be any, and any would be a number.
    const lines = entries.map(
      (entry, i) => `import * as e${i} from '${entry}';
type T${i} = typeof e${i}[keyof typeof e${i}];
export const is${i}: 0 extends 1 & typeof e${i} ? never : 0 extends 1 & T${i} ? never : true = true;`,
    );
    writeFileSync(join(folder, 'exports.ts'), lines.join('\n'));
    writeFileSync(join(folder, 'app.ts'), APP);
    writeFileSync(join(folder, 'wrong.ts'), WRONG);
    typeCheck(resolution, 'exports.ts', 'app.ts', 'wrong.ts');
  },
  120_000,
);

const APP = `import { connectEdge, type Edge, type EdgeState, type Verdict, type VerifiedToken } from '@signum/edge';
import { signum as express } from '@signum/edge/express';
import { signum as fastify, type MiddlewareOptions } from '@signum/edge/fastify';
import { createGuard, type Guarded, type GuardOptions } from '@signum/edge/headers';
import { signum as hono } from '@signum/edge/hono';
import expressApp from 'express';
import { fastify as fastifyApp } from 'fastify';
import { Hono } from 'hono';

declare module 'fastify' {
  interface FastifyRequest {
    signum?: VerifiedToken;
  }
}

const options: GuardOptions = { scopes: ['read'], acrValues: ['gold'], maxAgeS: 300 };
export async function serve(edge: Edge): Promise<EdgeState> {
  expressApp().get('/', express(edge, options), (request, response) => {
    response.send(request.signum?.userId);
  });
  expressApp().use(
    express(edge, { clientCertificate: (request: expressApp.Request) => request.get('client-cert') }),
  );
  fastifyApp().get('/', { onRequest: fastify(edge, options) }, async ({ signum }) => signum?.userId);
  const app = new Hono<{ Variables: { signum: VerifiedToken } }>();
  app.use(hono(edge, { ...options, clientCertificate: ({ req }) => req.raw.headers.get('x') ?? undefined }));
  app.get('/', (context) => context.text(context.get('signum').userId));
  const guarded: Guarded = await createGuard(edge, options)(new Headers());
  const verdict: Verdict = await edge.verify('x', options);
  if (verdict.active) console.log(verdict.token.userId, guarded.admitted && guarded.token.scopes);
  else console.log(verdict.verdict);
  return edge.state;
}
export const custom: MiddlewareOptions<{ readonly url: string }> = {
  clientCertificate: ({ url }) => url,
};
export const connected = (address: string) => connectEdge({ address, credentials: { apiKey: 'x' } });
`;

const WRONG = `import { connectEdge, type Edge } from '@signum/edge';
import { signum } from '@signum/edge/express';
export async function serve(edge: Edge) {
  // @ts-expect-error: an option that there is not
  signum(edge, { scope: ['read'] });
  // @ts-expect-error: seconds are a number
  signum(edge, { maxAgeS: '300' });
  // @ts-expect-error: an option that there is not
  await connectEdge({ address: 'x', credentials: {}, audiences: ['api'] });
  const verdict = await edge.verify('x');
  // @ts-expect-error: there is a token only where the verdict is good
  verdict.token.userId;
}
`;

test('the README’s programs run as they stand there', async () => {
  const signum = await startFakeSignum();
  try {
    writeFileSync(join(folder, 'ca.crt'), signum.ca);
    const readme = readFileSync(join(folder, 'node_modules/@signum/edge/README.md'), 'utf8');
    const [first, ...others] = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(
      ([, program = '']) => program,
    );
    const here = first?.replace("'https://signum.example:8443'", 'process.env.ADDRESS');
    expect([here === first, others.length]).toEqual([false, 2]);
    writeFileSync(
      join(folder, 'readme.js'),
      `import express from 'express';
const token = process.env.TOKEN;
const app = express();
const transfer = (request, response) => response.send('sent');
${here}${others.join('\n')}
const server = app.listen(0, async () => {
  const ask = async (path, method, authorization) => {
    const url = \`http://localhost:\${server.address().port}\${path}\`;
    const answer = await fetch(url, { method, headers: { authorization } });
    console.log(answer.status, await answer.text(), answer.headers.get('www-authenticate'));
  };
  await ask('/orders', 'GET', \`Bearer \${token}\`);
  await ask('/orders', 'GET', 'Bearer x');
  await ask('/transfers', 'POST', \`Bearer \${token}\`);
  server.close();
  await edge.close();
});
`,
    );
    const token = signum.token({ sub: 'ada', scope: 'orders:read pay' });
    const env = {
      ...{ ...process.env, ADDRESS: signum.address, TOKEN: token, SIGNUM_API_KEY: API_KEY },
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt'),
    };
    const { stdout } = await execFileAsync(process.execPath, ['readme.js'], { cwd: folder, env });
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'ada',
      '200 ada null',
      '401  Bearer error="invalid_token"',
      expect.stringMatching(
        /^401 {2}Bearer error="insufficient_user_authentication".*acr_values="urn:example:mfa", max_age="300"$/,
      ),
    ]);
  } finally {
    await signum.close();
  }
}, 60_000);
