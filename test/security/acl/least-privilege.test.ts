import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RedisProcess } from '../../../src/dev/redis-process.ts';
import {
  addUser,
  allowedTo,
  commandsRun,
  PASSWORD,
  refusals,
  USER,
} from '../../setup/acl-users.ts';
import { startTestRedis } from '../../setup/redis.ts';
import { type RedisCluster, startRedisCluster } from '../../setup/redis-cluster.ts';
import { startTestServer } from '../../setup/server.ts';
import { liveWholeLife, SHORT_LIFE } from './whole-life.ts';

/** Needed when it happens, which no short test makes happen. */
const WHEN_IT_HAPPENS: Readonly<Record<string, string>> = {
  readonly: 'a primary of a Cluster has become a replica',
  readwrite: 'a replica of a Cluster has become a primary',
  asking: 'a slot of a Cluster is moving',
};

let standalone: RedisProcess;
let cluster: RedisCluster;
let admin: Redis;
let admins: Redis[];
const used = new Set<string>();

beforeAll(async () => {
  // With everything switched on that the configuration alone would refuse.
  const extraArgs = ['--enable-debug-command', 'yes', '--enable-module-command', 'yes'];
  standalone = await startTestRedis({ extraArgs });
  cluster = await startRedisCluster();
  admin = new Redis(standalone.url);
  admins = [admin, ...cluster.nodes.map(({ port }) => new Redis(port, '127.0.0.1'))];
  for (const each of admins) {
    await addUser(each);
    await each.config('RESETSTAT');
  }
});
afterAll(async () => {
  for (const each of admins) each.disconnect();
  await Promise.all([standalone.stop(), cluster.stop()]);
});

/** A URL of the same server that logs in as the user. */
const asUser = (url: string) => url.replace('://', `://${USER}:${PASSWORD}@`);

describe('the user of deploy/redis/users.acl is enough', () => {
  test.each(['standalone', 'on a Cluster'])('for a whole life, %s', async (topology) => {
    const url = topology === 'standalone' ? `${standalone.url}/1` : cluster.url;
    const server = await startTestServer({ ...SHORT_LIFE, SIGNUM_REDIS_URL: asUser(url) });
    try {
      // Scripts that Redis does not know are sent by their source.
      await Promise.all(admins.map((each) => each.script('FLUSH')));
      await liveWholeLife(server);
    } finally {
      await server.close();
    }
    const seen = topology === 'standalone' ? [admin] : admins.slice(1);
    for (const each of seen) {
      for (const name of await commandsRun(each)) used.add(name);
      // The doctor tries, and makes do without.
      const refused = await refusals(each);
      expect(refused.filter((command) => command !== 'config|get')).toEqual([]);
    }
  });

  test('and holds no command that nothing uses', async () => {
    const unused = (await allowedTo(admin)).filter((command) => !used.has(command));
    expect(unused).toEqual(Object.keys(WHEN_IT_HAPPENS));
  });
});

describe('the user can do nothing else', () => {
  test('every other command that Redis has is refused', async () => {
    const allowed = new Set(await allowedTo(admin));
    const wrong: string[] = [];
    for (const { name, arity, words } of await commandsOf(admin)) {
      const args = Array.from({ length: Math.abs(arity) - words.length }, () => 'signum:x');
      const answer = String(await admin.call('ACL', 'DRYRUN', USER, ...words, ...args));
      if ((answer === 'OK') !== (allowed.has(name) || FREE.has(name))) wrong.push(name);
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ['CONFIG', 'GET', 'dir'],
    ['CONFIG', 'SET', 'dir', '/tmp'],
    ['KEYS', '*'],
    ['FLUSHALL'],
    ['FLUSHDB'],
    ['DEBUG', 'SLEEP', '0'],
    ['SHUTDOWN', 'NOSAVE'],
    ['SCRIPT', 'FLUSH'],
    ['FUNCTION', 'LIST'],
    ['ACL', 'SETUSER', USER, '+@all'],
    ['ACL', 'LIST'],
    ['CLIENT', 'LIST'],
    ['CLIENT', 'KILL', 'TYPE', 'normal'],
    ['MONITOR'],
    ['REPLICAOF', 'NO', 'ONE'],
    ['MODULE', 'LOAD', '/tmp/x.so'],
    ['MIGRATE', '127.0.0.1', '1', 'signum:meta', '0', '10'],
    ['DUMP', 'signum:keys'],
    ['RENAME', 'signum:keys', 'signum:x'],
    ['SUBSCRIBE', 'x'],
    ['PUBLISH', 'x', 'y'],
    ['BGREWRITEAOF'],
    ['SWAPDB', '0', '1'],
  ])('%s %s is refused', async (command, ...args) => {
    await expect(attempt(command, ...args)).rejects.toThrow(/^NOPERM/);
  });

  test.each([
    ['GET', 'other'],
    ['GET', 'signum'],
    ['GET', 'signumx:1'],
    ['GET', 'Signum:1'],
    ['HGETALL', 'other:signum:keys'],
    ['EVAL', 'return 1', '1', 'other'],
  ])("%s %s is refused: the key is another's", async (command, ...args) => {
    await expect(attempt(command, ...args)).rejects.toThrow(/^NOPERM/);
  });

  test.each([
    ["redis.call('GET', 'other')"],
    ["redis.call('SET', 'other', '1')"],
    ["redis.call('CONFIG', 'GET', 'dir')"],
    ["redis.call('FLUSHALL')"],
    ["redis.call('KEYS', '*')"],
    ["redis.call('PUBLISH', 'x', 'y')"],
  ])('a script of its own gets no further: %s', async (body) => {
    await expect(attempt('EVAL', body, '0')).rejects.toThrow(REFUSED_IN_SCRIPT);
  });

  test('nothing is accepted without the password', async () => {
    const stranger = new Redis(standalone.url, { lazyConnect: true, retryStrategy: () => null });
    stranger.on('error', () => {});
    await stranger.connect();
    await expect(stranger.call('AUTH', USER, 'wrong')).rejects.toThrow(/^WRONGPASS/);
    stranger.disconnect();
  });
});

/** One command on a connection of its own, as the user. */
async function attempt(command: string, ...args: readonly string[]): Promise<unknown> {
  const redis = new Redis(asUser(standalone.url));
  try {
    return await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}

const REFUSED_IN_SCRIPT = /can't access|can't run|not allowed from script|No permissions|NOPERM/;

/** Redis lets everybody log in and out, whatever their rules say. */
const FREE = new Set(['auth', 'hello', 'quit', 'reset']);

interface Command {
  /** As rules name it, such as `script|load`. */
  readonly name: string;
  /** As COMMAND tells it: at least so many words if negative. */
  readonly arity: number;
  readonly words: readonly string[];
}

/** Every command and subcommand of the server. */
async function commandsOf(redis: Redis): Promise<Command[]> {
  const all = (await redis.call('COMMAND')) as unknown[][];
  const read = (entry: readonly unknown[]): Command => {
    const name = String(entry[0]);
    return { name, arity: Number(entry[1]), words: name.split('|') };
  };
  return all.flatMap((entry) => {
    const subcommands = (entry[9] ?? []) as unknown[][];
    return subcommands.length > 0 ? subcommands.map(read) : [read(entry)];
  });
}
