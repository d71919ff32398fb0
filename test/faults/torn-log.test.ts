import { mkdtempSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceRef } from '@signum/token';
import { uuidv7 } from 'uuidv7';
import { afterEach, expect, test, vi } from 'vitest';
import type { Revocations } from '../../src/revocations/revocations.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { refresh } from '../../src/store/sessions/refresh.ts';
import { revokeDevice } from '../../src/store/sessions/revoke.ts';
import { getSession } from '../../src/store/sessions/sessions.ts';
import type { Store } from '../../src/store/store.ts';
import { type Follower, followFeed, startRevocations } from '../setup/feed-follower.ts';
import { isWritable, openImpatientStore, within } from '../setup/impatient-store.ts';
import { RedisNode } from '../setup/redis-node.ts';
import { ask } from '../setup/redis-sentinel.ts';
import { planFor } from '../setup/store.ts';
import { until } from '../setup/until.ts';

vi.setConfig({ testTimeout: 120_000 });

const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: { replicas: 0, fsync: false } } as const;
const PHONE: DeviceRef = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
/** Of the same user, and so of the same partition. */
const LAPTOP: DeviceRef = { ...PHONE, deviceId: 'laptop' };
const undo: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** The log's last transaction: where each of its commands begins, MULTI first, and where the log ends. */
function lastTransaction(dir: string): { readonly file: string; readonly starts: number[] } {
  const folder = join(dir, 'appendonlydir');
  const name = readdirSync(folder).find((each) => each.endsWith('.incr.aof')) ?? '';
  const file = join(folder, name);
  const log = readFileSync(file);
  const starts: number[] = [];
  for (let at = log.lastIndexOf('*1\r\n$5\r\nMULTI\r\n'); at < log.length; ) {
    starts.push(at);
    at = endOfCommand(log, at);
  }
  return { file, starts };
}

function endOfCommand(log: Buffer, start: number): number {
  let at = start;
  const number = () => {
    const end = log.indexOf('\r\n', at);
    const value = Number(log.toString('latin1', at + 1, end));
    at = end + 2;
    return value;
  };
  for (let left = number(); left > 0; left -= 1) {
    const bytes = number();
    at += bytes + 2;
  }
  return at;
}

async function restart(redis: RedisNode, store: Store): Promise<void> {
  redis.start();
  await until('Redis answers', () => ask(redis.port, async (r) => (await r.ping()) === 'PONG'));
  await until('the store takes writes', () => isWritable(store));
}

async function begin(store: Store, device: DeviceRef): Promise<string> {
  const outcome = await issue(store, planFor(device), within(5_000));
  if (!('grant' in outcome)) throw new Error('no session');
  return outcome.grant.tokenId;
}

/** Whatever has no session is known to have ended, by whoever followed and by whoever comes now. */
async function expectToldOfAll(
  { store, revocations, follower }: Running,
  tokens: ReadonlyMap<string, DeviceRef>,
): Promise<void> {
  const newcomer = await followFeed(revocations);
  await newcomer.checkpoint();
  await follower.checkpoint();
  for (const [tokenId, device] of tokens) {
    const session = await getSession(store, device, within(5_000));
    if (session?.tokenId === tokenId) continue;
    expect([...newcomer.ended]).toContain(tokenId);
    expect([...follower.ended]).toContain(tokenId);
  }
  newcomer.leave();
}

interface Running {
  readonly redis: RedisNode;
  readonly store: Store;
  readonly revocations: Revocations;
  readonly follower: Follower;
}

async function run(): Promise<Running> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-torn-'));
  const redis = await RedisNode.start({
    dir,
    args: ['--appendonly', 'yes', '--appendfsync', 'always'],
  });
  undo.push(() => redis.destroy());
  await until('Redis answers', () => ask(redis.port, async (r) => (await r.ping()) === 'PONG'));
  const store = await openImpatientStore(redis.url, 1_000);
  undo.push(() => store.close());
  const revocations = startRevocations(store);
  undo.push(() => revocations.close());
  const follower = await followFeed(revocations);
  await follower.checkpoint();
  return { redis, store, revocations, follower };
}

/** What ends the phone's token: its session is ended, gets a successor, or goes on with another token. */
const ENDINGS: Readonly<Record<string, (store: Store, tokenId: string) => Promise<unknown>>> = {
  revocation: (store, tokenId) => revokeDevice(store, PHONE, { tokenId }, LOGOUT, within(5_000)),
  successor: (store) => begin(store, PHONE),
  refresh: async (store, tokenId) => {
    const { sessionId = '' } = (await getSession(store, PHONE, within(5_000))) ?? {};
    const of = { device: PHONE, sessionId, generation: 0, tokenId, confirmation: undefined };
    const plan = {
      ...{ presented: { ...of, issuedAtS: 0, expiresAtS: 0 }, tokenId: uuidv7(), keyId: 'key-1' },
      ...{ staleKeyId: '', allowedAudiences: ['api'], rate: undefined, by: 'test' },
    };
    expect(await refresh(store, plan, within(5_000))).toMatchObject({ status: 'ROTATED' });
  },
};

/**
 * Redis drops from a torn log what follows the last whole command, and leaves those before it in an open
 * transaction: the next restart completes it with what was written behind.
 */
test.each(
  Object.keys(ENDINGS).flatMap((how) => [...Array(9).keys()].map((whole) => ({ how, whole }))),
)(
  'of a $how of which a torn log has $whole commands everything is told that has happened',
  async ({ how, whole }) => {
    const running = await run();
    const { redis, store } = running;
    const phone = await begin(store, PHONE);
    await ENDINGS[how]?.(store, phone);
    await redis.kill();
    const { file, starts } = lastTransaction(redis.dir);
    // MULTI, those that are whole, and the first bytes of the next.
    truncateSync(file, (starts[Math.min(whole + 1, starts.length - 1)] ?? 0) + 5);

    await restart(redis, store);
    const laptop = await begin(store, LAPTOP);
    await revokeDevice(store, LAPTOP, { tokenId: laptop }, LOGOUT, within(5_000));
    const tokens = new Map([
      [phone, PHONE],
      [laptop, LAPTOP],
    ]);
    await expectToldOfAll(running, tokens);

    await redis.kill();
    await restart(redis, store);
    // Whether it is noticed by what comes next, or before anything does.
    if (whole % 2 === 0) tokens.set(await begin(store, LAPTOP), LAPTOP);
    await expectToldOfAll(running, tokens);
  },
);
