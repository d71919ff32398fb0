import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOwnRunner } from '../../../test/setup/own-runner.ts';
import type { StoreContext } from '../scripts/context.ts';
import { FIELD, type FieldName } from '../scripts/fields.ts';
import { Keyspace } from '../scripts/keys.ts';
import { validate } from '../sessions/validate.ts';

let client: Redis;
let store: StoreContext;
let stop: () => Promise<void>;
beforeAll(async () => {
  const own = await startOwnRunner();
  ({ client, stop } = own);
  const policy = { skewMs: 1000, graceMs: 0, feedMs: 1000, maxDevices: 10 };
  store = { runner: own.runner, keyspace: new Keyspace(16), policy } as StoreContext;
});
afterAll(() => stop());

const token = (user: string) => ({
  tenantId: 't',
  userId: user,
  deviceId: 'd',
  tokenId: `jti-${user}`,
});
const lookUp = (user: string) =>
  validate(store, token(user), { deadlineAtMs: performance.now() + 5000 });
const users = (count: number) => Array.from({ length: count }, (_, i) => `user-${i}`);

async function begin(user: string, fields: { readonly [F in FieldName]?: string } = {}) {
  const { active } = store.keyspace.place(token(user));
  const session = { jti: `jti-${user}`, sid: `sid-${user}`, exp: '9999999999', iat: '0', rev: '1' };
  const all = Object.entries({ ...session, kid: 'k', aud: 'a', ...fields });
  await client.hset(active, Object.fromEntries(all.map(([f, v]) => [FIELD[f as FieldName], v])));
}

/** How often scripts ran while something was done. */
async function runsDuring(action: () => Promise<unknown>): Promise<number> {
  await client.config('RESETSTAT');
  await action();
  const stats = await client.info('commandstats');
  const calls = (name: string) =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return calls('eval') + calls('evalsha');
}

test('each of those that share a run gets its own answer', async () => {
  await Promise.all([begin('user-0'), begin('user-2')]);
  const found = await Promise.all(users(4).map(lookUp));
  expect(found.map(({ status }) => status)).toEqual(['ACTIVE', 'UNKNOWN', 'ACTIVE', 'UNKNOWN']);
  expect(found[2]).toMatchObject({ token: { sessionId: 'sid-user-2' } });
});

test('a turn of look-ups takes as few runs as may be, and none of them too long', async () => {
  await lookUp('user-0');
  expect(await runsDuring(() => Promise.all(users(64).map(lookUp)))).toBe(1);
  expect(await runsDuring(() => Promise.all(users(65).map(lookUp)))).toBe(2);
});

test('those that share a run with a session that is broken are not harmed', async () => {
  await begin('broken', { rev: 'x', exp: 'x' });
  await client.set(store.keyspace.place(token('stranger')).active, 'no hash');
  await begin('sound');
  const found = await Promise.allSettled(['broken', 'sound', 'stranger'].map(lookUp));
  expect(found.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  expect(found[0]).toMatchObject({ reason: { reason: 'STORE_UNAVAILABLE' } });
  expect(found[1]).toMatchObject({ value: { status: 'ACTIVE' } });
});

test('a script that Redis does not know is sent once for all that share its run', async () => {
  await client.script('FLUSH');
  const all = async () => {
    const found = await Promise.all(users(64).map(lookUp));
    expect(new Set(found.map(({ status }) => status))).toEqual(new Set(['ACTIVE', 'UNKNOWN']));
  };
  expect(await runsDuring(all)).toBe(2);
});
