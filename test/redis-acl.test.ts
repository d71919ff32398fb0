import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderAcl } from '../src/dev/redis-acl.ts';
import type { RedisProcess } from '../src/dev/redis-process.ts';
import { startTestRedis } from './setup/redis.ts';

const TEMPLATE = readFileSync(new URL('../deploy/redis/users.acl', import.meta.url), 'utf8');
const LUA = new URL('../lua/', import.meta.url);
const PASSWORD = 'correct horse';

let server: RedisProcess;
let signum: Redis;

beforeAll(async () => {
  server = await startTestRedis();
  const admin = new Redis(server.url);
  const knownCommands = new Set((await admin.call('COMMAND', 'LIST')) as string[]);
  const acl = renderAcl(TEMPLATE, { password: PASSWORD, knownCommands });
  // The default user last: switching it off ends this connection's rights.
  for (const line of acl.trim().split('\n').reverse()) {
    const [, user = '', ...rules] = line.split(' ');
    await admin.call('ACL', 'SETUSER', user, ...rules);
  }
  admin.disconnect();
  signum = new Redis(server.url, { username: 'signum', password: PASSWORD });
});

afterAll(async () => {
  signum.disconnect();
  await server.stop();
});

test('the signum user reads and writes its own keys and no others', async () => {
  expect(await signum.set('signum:test', 'value')).toBe('OK');
  expect(await signum.get('signum:test')).toBe('value');
  await expect(signum.get('other')).rejects.toThrow('NOPERM');
});

test.each([
  ['config', 'get', 'dir'],
  ['keys', 'signum:*'],
  ['flushall'],
  ['script', 'flush'],
  ['acl', 'list'],
  ['shutdown'],
])('the signum user is refused %s', async (command, ...args) => {
  await expect(signum.call(command, ...args)).rejects.toThrow('NOPERM');
});

test('the health user can ping and nothing else', async () => {
  const health = new Redis(server.url, {
    username: 'health',
    password: 'any',
    enableReadyCheck: false,
  });
  expect(await health.ping()).toBe('PONG');
  await expect(health.get('signum:test')).rejects.toThrow('NOPERM');
  health.disconnect();
});

test('nobody gets in without a user name', async () => {
  const stranger = new Redis(server.url, { enableReadyCheck: false });
  // The greeting is refused as well, outside of any call.
  stranger.on('error', () => {});
  await expect(stranger.ping()).rejects.toThrow('NOAUTH');
  stranger.disconnect();
});

test('every command that the Lua scripts call is allowed', () => {
  const allowed = new Set(
    TEMPLATE.match(/\+[\w|]+/g)?.map((rule) => rule.slice(1).replace('|stream', '')),
  );
  const scripts = readdirSync(LUA, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.lua'))
    .map((name) => readFileSync(new URL(name, LUA), 'utf8'))
    .join('\n');
  const called = [...scripts.matchAll(/redis\.p?call\('(\w+)'/g)].map((match) =>
    (match[1] ?? '').toLowerCase(),
  );
  expect(called.length).toBeGreaterThan(0);
  expect(called.filter((name) => !allowed.has(name))).toEqual([]);
});
