import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { documentConfig } from '../../src/config/config.ts';
import { findExecutable } from '../../src/dev/find-executable.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type Child, startChild, startSignum } from '../setup/child.ts';
import { createClient, TokenService, transportTo } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { type ComposeService, composeService, mountsOf } from './compose-file.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const volumes = mkdtempSync(join(tmpdir(), 'signum-compose-'));
let redisPort: number;
let ports: Readonly<Record<'public' | 'grpc' | 'operations', number>>;
let redis: Child;
let server: Child;

/** A path of the service's file system on this one: named volumes are folders of a temporary one. */
function onThisMachine(service: ComposeService, text: string): string {
  for (const { source, target } of mountsOf(service)) {
    const here = source.startsWith('.') ? join(ROOT, source) : join(volumes, source);
    text = text.replaceAll(target, here);
  }
  // The only name that containers have for each other.
  return text.replaceAll('redis:6379', `127.0.0.1:${redisPort}`);
}

function commandOf(service: ComposeService): string[] {
  return (service.command ?? []).map((word) => onThisMachine(service, word));
}

/** ACL rules for commands that this Redis has: it refuses a file that names another. */
async function leaveOutUnknownCommands(file: string): Promise<void> {
  const shared = new Redis(inject('redis').url);
  const known = new Set((await shared.call('COMMAND', 'LIST')) as string[]);
  shared.disconnect();
  const isKnown = (rule: string) => !rule.startsWith('+') || known.has(rule.slice(1));
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, lines.map((line) => line.split(' ').filter(isKnown).join(' ')).join('\n'));
}

beforeAll(async () => {
  redisPort = await findFreePort();
  ports = {
    public: await findFreePort(),
    grpc: await findFreePort(),
    operations: await findFreePort(),
  };
  const init = composeService('init');
  for (const { source } of mountsOf(init)) mkdirSync(join(volumes, source));
  const made = startSignum(commandOf(init), { SIGNUM_DEV_DIR: volumes });
  expect(await made.ended, made.output()).toEqual([0, null]);
  await leaveOutUnknownCommands(onThisMachine(init, '/acl/users.acl'));

  const redisService = composeService('redis');
  mkdirSync(onThisMachine(redisService, '/data'));
  const [, configFile = '', ...args] = commandOf(redisService);
  const config = readFileSync(configFile, 'utf8');
  cpSync(configFile, join(volumes, 'redis.conf'));
  writeFileSync(join(volumes, 'redis.conf'), onThisMachine(redisService, config));
  const program = findExecutable('redis-server', 'valkey-server') ?? 'redis-server';
  redis = startChild(
    program,
    [join(volumes, 'redis.conf'), '--port', `${redisPort}`, '--bind', '127.0.0.1', ...args],
    {},
    { cwd: onThisMachine(redisService, '/data') },
  );
  await redis.says('Ready to accept connections');

  const signum = composeService('signum');
  const env = Object.entries(signum.environment ?? {}).map(([name, value]) => {
    return [name, onThisMachine(signum, value)];
  });
  server = startSignum(['serve'], {
    ...Object.fromEntries(env),
    SIGNUM_PUBLIC_LISTEN: `127.0.0.1:${ports.public}`,
    SIGNUM_GRPC_LISTEN: `127.0.0.1:${ports.grpc}`,
    SIGNUM_OPS_LISTEN: `127.0.0.1:${ports.operations}`,
  });
  await until('the server is ready', async () => {
    if (server.process.exitCode !== null) throw new Error(server.output());
    return (await fetch(`http://127.0.0.1:${ports.operations}/readyz`)).ok;
  });
});

afterAll(async () => {
  await server?.destroy();
  await redis?.destroy();
  rmSync(volumes, { recursive: true, force: true });
});

test('what docker-compose.yml declares starts, with its Redis, and issues and validates', async () => {
  const read = (name: string) => readFileSync(join(volumes, 'state', name), 'utf8').trim();
  const address = `https://localhost:${ports.public}`;
  const tokens = createClient(
    TokenService,
    transportTo(address, read('ca.crt'), read('admin-key'), 'connect'),
  );
  const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
  const { tokens: pair } = await tokens.issue({ device });
  const value = pair?.accessToken ?? '';
  const subject = { case: 'token', value } as const;
  expect(await tokens.validate({ subject })).toMatchObject({ active: true });
  const { revokedCount } = await tokens.revoke({ subject });
  expect(revokedCount).toBe(1);
  expect(await tokens.validate({ subject })).toMatchObject({ active: false });
});

test('the Redis of docker-compose.yml lets in the user that was made for it, and nobody else', async () => {
  const stranger = new Redis(redisPort, { retryStrategy: () => null, enableReadyCheck: false });
  stranger.on('error', () => {});
  await expect(stranger.get('signum:meta')).rejects.toThrow('NOAUTH');
  stranger.disconnect();
  const url = readFileSync(join(volumes, 'state', 'redis-url'), 'utf8').trim();
  const user = new Redis(onThisMachine(composeService('signum'), url));
  await expect(user.call('CONFIG', 'GET', 'dir')).rejects.toThrow('NOPERM');
  expect(await user.info('persistence')).toMatch(/aof_enabled:1/);
  user.disconnect();
});

test('docker-compose.yml sets what are settings, and publishes the ports of the defaults', () => {
  const { environment = {}, ports: published = [] } = composeService('signum');
  const documented = documentConfig();
  for (const name of Object.keys(environment)) expect(documented).toContain(`\`${name}\``);
  for (const port of published) {
    expect(documented).toContain(`\`0.0.0.0:${port.split(':')[1]}\``);
  }
});

test('docker-compose.yml gives a server longer to stop than draining takes', () => {
  const { stop_grace_period: grace = '', environment = {} } = composeService('signum');
  const seconds = (text = '0') => Number(text.replace(/s$/, ''));
  const drain = environment['SIGNUM_DRAIN_TIMEOUT'] ?? '20s';
  expect(seconds(grace)).toBeGreaterThan(
    seconds(drain) + seconds(environment['SIGNUM_DRAIN_NOTICE']),
  );
});

test('SIGTERM, which is how Compose stops a service, ends it with 0', async () => {
  server.process.kill('SIGTERM');
  expect(await server.ended, server.output()).toEqual([0, null]);
});
