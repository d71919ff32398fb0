import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RootSecret, RootSecrets } from '../../../src/domain/root-secret.ts';
import { RING_DOCUMENT, readRing } from '../../../src/signing/vault/ring-document.ts';
import { openJwk } from '../../../src/signing/vault/seal-jwk.ts';
import { CallerService, KeyService, TokenService } from '../../setup/server.ts';
import { type Deployment, filesOf, openDeployment, privateFile } from './deployment.ts';
import { type Life, liveThrough, unaryMethods } from './life.ts';
import { createNeedles } from './needles.ts';
import { argumentsOf, type Ended, type Served, serve, signum } from './served.ts';

/** Written into Redis on purpose: a search that does not find it would find nothing. */
const CONTROL = 'control-Zk3vQ8sWm1xTn5Lp';

const needles = createNeedles();
const control = createNeedles();
control.add('control', CONTROL);
const monitored: string[] = [];
const redisOutput: string[] = [];
const commands: Ended[] = [];
const lives: Life[] = [];
const told: string[] = [];
let deployment: Deployment;
let served: Served;
let monitor: Redis;

beforeAll(async () => {
  deployment = await openDeployment();
  const { redis, secrets, env, caFile } = deployment;
  for (const stream of [redis.process.stdout, redis.process.stderr]) {
    stream?.on('data', (chunk) => redisOutput.push(String(chunk)));
  }
  monitor = await new Redis(redis.url).monitor();
  monitor.on('monitor', (_time: string, args: readonly string[]) => monitored.push(args.join(' ')));
  served = await serve(env, caFile);
  markConfiguration();
  const wrongUrl = redis.url.replace(secrets.redisPassword, secrets.root);
  const turnedAway = signum(['serve'], { ...env, SIGNUM_REDIS_URL: wrongUrl });
  for (const protocol of ['connect', 'grpc', 'grpc-web', 'connect-h1'] as const) {
    lives.push(await liveThrough(served, secrets.adminKey, needles, protocol, told));
    await markSigningKeys();
  }
  await askOddly();
  await useCommands();
  commands.push(await turnedAway);
  await sufferFaults();
  await markSigningKeys();
}, 120_000);
afterAll(async () => {
  monitor?.disconnect();
  await served?.stop();
  await deployment?.close();
});

function markConfiguration(): void {
  const { secrets, keyFile } = deployment;
  needles.add('root secret', secrets.root);
  needles.add('admin key', secrets.adminKey.replace('sgn_admin_', ''));
  needles.add('Redis password', secrets.redisPassword);
  const root = new RootSecret(secrets.root);
  needles.addBytes('refresh key', root.refreshKey().reveal());
  needles.addBytes('key-encryption key', root.keyEncryptionKey().reveal());
  needles.addBytes('caller pepper', root.callerPepper().reveal());
  needles.addBytes('fingerprint key', root.fingerprintKey().reveal());
  const [line = ''] = readFileSync(keyFile, 'utf8').split('\n').slice(1);
  needles.add('TLS key', line);
}

/** The private parts of the managed signing keys, opened as only the servers can. */
async function markSigningKeys(): Promise<void> {
  const { redis, secrets } = deployment;
  const client = new Redis(redis.url);
  const ring = readRing((await client.hget('signum:keys', RING_DOCUMENT)) ?? undefined);
  client.disconnect();
  for (const { sealed } of ring) {
    if (sealed === undefined) continue;
    const { d = '' } = await openJwk(sealed, new RootSecrets([secrets.root]));
    needles.add('signing key', d);
    needles.addBytes('signing key', Buffer.from(d, 'base64url'));
  }
}

interface Odd {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Secrets in places where the contract has none: paths, queries, headers, bodies that are no message. */
async function askOddly(): Promise<void> {
  const { accessToken = '', refreshToken = '' } = lives[0]?.pairs.at(-1) ?? {};
  const path = '/signum.v1.TokenService';
  const odd: readonly Odd[] = [
    { path: `/${accessToken}` },
    { path: `${path}/Validate?token=${accessToken}` },
    { path: `${path}/GetSession?connect=v1&encoding=json&message=${accessToken}` },
    { path: `${path}/Refresh`, method: 'POST', body: `{"refreshToken":"${refreshToken}"` },
    { path: `${path}/Refresh`, method: 'POST', body: `{"${refreshToken}":1}` },
    { path: `${path}/Issue`, method: 'POST', headers: { authorization: `Basic ${accessToken}` } },
    { path: `${path}/Issue`, method: 'POST', headers: { cookie: `t=${refreshToken}` } },
    { path: `/.well-known/jwks.json?access_token=${accessToken}` },
  ];
  for (const { path, method = 'GET', headers = {}, body = '' } of odd) {
    await new Promise<void>((done, failed) => {
      const type = { 'content-type': 'application/json' };
      const outgoing = request(
        `${served.address}${path}`,
        { ca: served.ca, method, headers: { ...type, ...headers } as Record<string, string> },
        (response) => {
          // What a client sent may stand in nothing that it is answered.
          const chunks: Buffer[] = [JSON.stringify(response.headers)].map((text) =>
            Buffer.from(text),
          );
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => {
            told.push(Buffer.concat(chunks).toString());
            done();
          });
        },
      );
      outgoing.on('error', failed);
      outgoing.end(body);
    });
  }
}

/** The command line, with good and bad credentials. Standard output counts where it shows no pair. */
async function useCommands(): Promise<void> {
  const { dir, secrets, env, caFile } = deployment;
  const keyFile = privateFile(dir, 'admin-key', secrets.adminKey);
  const badFile = privateFile(dir, 'bad-key', `${secrets.adminKey}x`);
  const client = {
    PATH: env['PATH'] ?? '',
    HOME: dir,
    SIGNUM_ADDRESS: served.address,
    SIGNUM_CA_FILE: caFile,
    SIGNUM_API_KEY_FILE: keyFile,
  };
  const { accessToken = '', refreshToken = '' } = lives[0]?.pairs.at(-1) ?? {};
  const run = async (args: readonly string[], other = {}, stdin = '') => {
    const ended = await signum(args, { ...client, ...other }, stdin);
    commands.push(ended);
  };
  await Promise.all([
    run(['validate', '-', '--verbose'], {}, accessToken),
    run(['validate', '-', '--json'], {}, `${accessToken}x`),
    run(['validate', '-'], { SIGNUM_API_KEY_FILE: badFile }, accessToken),
  ]);
  await Promise.all([
    run(['refresh', '-', '--json'], {}, accessToken),
    run(['revoke', '-', '--json'], {}, `${refreshToken}x`),
    run(['sessions', '--tenant', 'acme', '--user', 'ada'], { SIGNUM_TOKEN: accessToken }),
  ]);
  await Promise.all([
    run(['callers', 'list', '--verbose']),
    run(['keys', 'list', '--json']),
    run(['doctor', '--json'], { ...env, ...client }),
  ]);
  await Promise.all([
    run(['config'], env),
    run(['config', '--json'], env),
    run(['serve'], { ...env, SIGNUM_ADMIN_KEY: `${secrets.adminKey}?`, SIGNUM_PARTITIONS: '0' }),
  ]);
}

/** Redis refuses, forgets, hangs up and asks for another password while calls come in. */
async function sufferFaults(): Promise<void> {
  const { redis, secrets } = deployment;
  const client = new Redis(redis.url);
  await client.set('control', CONTROL);
  const live = async () => {
    await liveThrough(served, secrets.adminKey, needles, 'connect', told).catch(() => {});
  };
  await client.config('SET', 'maxmemory', '1mb');
  await live();
  await client.config('SET', 'maxmemory', '0');
  await client.script('FLUSH');
  await client.config('SET', 'requirepass', 'another-password');
  await client.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes');
  await live();
  await client.config('SET', 'requirepass', secrets.redisPassword);
  client.disconnect();
  await vi.waitFor(
    async () => {
      lives.push(await liveThrough(served, secrets.adminKey, needles, 'connect', told));
    },
    { timeout: 30_000, interval: 500 },
  );
}

test('the life that was led has used every unary method, and failed in many ways', () => {
  const methods = unaryMethods(TokenService, KeyService, CallerService);
  for (const life of lives.slice(0, 4)) {
    expect([...life.called].toSorted()).toEqual(methods.toSorted());
  }
  expect(told.length).toBeGreaterThan(100);
  expect(commands.length).toBeGreaterThan(12);
  expect(needles.size).toBeGreaterThan(300);
});

test('no secret is in the log at level debug', () => {
  const log = served.stderr();
  expect(log.length).toBeGreaterThan(500);
  expect(needles.find(log)).toEqual([]);
});

test('no secret is in the audit trail', () => {
  const audit = served.stdout();
  expect(audit).toContain('"event":"issue"');
  expect(audit).toContain('"event":"key_revoke"');
  expect(needles.find(audit)).toEqual([]);
});

test('no secret is in the metrics or the other operational answers', async () => {
  for (const path of ['/metrics', '/livez', '/readyz']) {
    const text = await (await fetch(`${served.opsAddress.split(' ')[0]}${path}`)).text();
    expect(text).not.toBe('');
    expect(needles.find(text)).toEqual([]);
  }
});

test('no secret is in the message, the details or the headers of an error', () => {
  const all = told.join('\n');
  for (const reason of ['INVALID_FIELD', 'TOKEN_INVALID', 'STORE_FULL'])
    expect(all).toContain(reason);
  expect(told.filter((text) => needles.find(text).length > 0)).toEqual([]);
});

test('no secret is in what commands print, failing ones included', () => {
  for (const { stdout, stderr } of commands) {
    expect(needles.find(`${stdout}\n${stderr}`)).toEqual([]);
    expect(/^ {4}at /m.test(stderr)).toBe(false);
  }
});

test('no secret is an argument of a Redis command, nor in what Redis logs', async () => {
  const arguments_ = monitored.join('\n');
  expect(control.find(arguments_)).not.toEqual([]);
  expect(needles.find(arguments_)).toEqual([]);
  expect(needles.find(redisOutput.join(''))).toEqual([]);
});

test('no secret is in the files of Redis, neither snapshot nor append-only file', async () => {
  const files = await filesOf(deployment);
  const names = [...files.keys()].join();
  expect(names).toContain('dump.rdb');
  expect(names).toContain('.aof');
  const found = [...files].map(([name, bytes]) => ({ name, found: needles.find(bytes) }));
  expect(found.filter(({ found }) => found.length > 0)).toEqual([]);
  expect([...files.values()].filter((bytes) => control.find(bytes).length > 0)).toHaveLength(2);
});

test('no secret is on a command line that others on the machine can see', () => {
  const seen = [served.process.pid, deployment.redis.process.pid].map(argumentsOf);
  for (const line of seen) {
    expect(line).not.toBe('');
    expect(needles.find(line)).toEqual([]);
  }
});
