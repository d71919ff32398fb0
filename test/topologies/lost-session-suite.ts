import type { DeviceRef } from '@signum/token';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FeedEvent, parseMessage } from '../../src/store/feed/event.ts';
import { readFeed } from '../../src/store/feed/read-feed.ts';
import { revokedKey } from '../../src/store/scripts/keys.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { type RevokeOutcome, revokeDevice } from '../../src/store/sessions/revoke.ts';
import type { Store } from '../../src/store/store.ts';
import { planFor, soon } from '../setup/store.ts';
import type { OpenStore } from './store-subject.ts';

const DURABILITY = { replicas: 0, fsync: false };
const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: DURABILITY } as const;
const OTHER_ID = '01900000-0000-7000-8000-000000000000';
const TEN_YEARS_S = 10 * 365 * 86_400;

/** What a store does with a genuine token of whose session it knows nothing, as after a failover. */
export function lostSessionSuite(open: () => Promise<OpenStore>): void {
  let store: Store;
  let counter = 0;

  beforeAll(async () => {
    store = await (await open())();
  });
  afterAll(() => store?.close());

  async function begin() {
    counter += 1;
    const device = { tenantId: 'acme', userId: `lost-${counter}`, deviceId: 'phone' };
    const outcome = await issue(store, planFor(device), soon());
    if (!('grant' in outcome)) throw new Error(outcome.status);
    const { sessionId, tokenId } = outcome.grant;
    return { device, sessionId, tokenId };
  }

  type Begun = Awaited<ReturnType<typeof begin>>;

  /** Shows the session's token, or another one; `generation`: of a refresh token. */
  function show(
    { device, sessionId, tokenId }: Begun,
    of: { readonly tokenId?: string; readonly generation?: number } = {},
  ): Promise<RevokeOutcome> {
    const issuedAtS = Math.floor(Date.now() / 1000);
    const shown = { tokenId, issuedAtS, expiresAtS: issuedAtS + TEN_YEARS_S, ...of };
    return revokeDevice(store, device, { sessionId, shown }, LOGOUT, soon());
  }

  function keysOf(device: DeviceRef) {
    return store.keyspace.place(device);
  }

  async function lastEvents(device: DeviceRef, count: number): Promise<(FeedEvent | undefined)[]> {
    const { feed } = keysOf(device).partition;
    const entries = await store.client.xrevrange(feed, '+', '-', 'COUNT', count);
    return entries.map(([id, [, text]]) => parseMessage(`${id} ${text}`));
  }

  test.each([
    ['an access token', undefined],
    ['a refresh token', 0],
  ])(
    '%s ends once though its session is lost, and for no longer than any token lives',
    async (_what, generation) => {
      const begun = await begin();
      const { device, sessionId, tokenId } = begun;
      const { partition, active } = keysOf(device);
      const windowMs = Number(await store.client.hget(partition.watermarks, 'feed'));
      await store.client.del(active);
      const of = generation === undefined ? {} : { generation };
      const { count, revision } = await show(begun, of);
      expect(count).toBe(0);
      const [last] = await lastEvents(device, 1);
      expect(last).toMatchObject({
        revision,
        kind: 'REVOKE',
        reason: 'LOGOUT',
        sessionId,
        tokenId,
      });
      expect(last?.expiresAtMs).toBeGreaterThan(Date.now());
      expect(last?.expiresAtMs).toBeLessThanOrEqual(Date.now() + windowMs);
      expect((await show(begun, of)).revision).toBe(revision);
    },
  );

  test.each([
    ['an access token', undefined],
    ['a refresh token', 1],
  ])('%s that its session has forgotten ends beside it', async (_what, generation) => {
    const begun = await begin();
    const of = generation === undefined ? {} : { generation };
    expect((await show(begun, { tokenId: OTHER_ID, ...of })).count).toBe(1);
    const told = await lastEvents(begun.device, 2);
    expect(told.map((each) => each?.tokenId)).toEqual([OTHER_ID, begun.tokenId]);
  });

  test('a refresh token that its session has left behind ends the session and nothing else', async () => {
    const begun = await begin();
    const { count } = await show(begun, { tokenId: OTHER_ID, generation: 0 });
    expect(count).toBe(1);
    const told = await lastEvents(begun.device, 2);
    expect(told.map((each) => each?.kind)).toEqual(['REVOKE', 'ISSUE']);
  });

  test('the feed tells of a loss before whoever reads it of another primary, once', async () => {
    const { device } = await begin();
    const { partition } = keysOf(device);
    const losses = async () => {
      const page = await readFeed(store, partition, { which: 'STANDING', count: 1_000 }, soon());
      return page.events.filter(({ kind }) => kind === 'LOSS').map(({ revision }) => revision);
    };
    const before = await losses();
    expect(await losses()).toEqual(before);
    await store.client.hset(partition.watermarks, 'history', 'of the primary before');
    const after = await losses();
    expect(after).toHaveLength(before.length + 1);
    expect(Number(await store.client.get(partition.revision))).toBe(after.at(-1));
    expect(await losses()).toEqual(after);
  });

  test('a partition that was never used has lost nothing, unless its reader knew another primary', async () => {
    const { partition } = keysOf({ tenantId: 'acme', userId: 'nobody', deviceId: 'phone' });
    await store.client.del(partition.feed, partition.revision, partition.watermarks);
    const query = { which: 'ALL', count: 10 } as const;
    expect((await readFeed(store, partition, query, soon())).events).toEqual([]);
    await store.client.del(partition.watermarks);
    const { events, history } = await readFeed(store, partition, query, soon(), 'another');
    expect(events.map(({ kind }) => kind)).toEqual(['LOSS']);
    expect((await readFeed(store, partition, query, soon(), history)).events).toHaveLength(1);
  });

  test('a refresh token of a session that has ended ends nothing, however long ago its access token expired', async () => {
    const begun = await begin();
    const { partition } = keysOf(begun.device);
    const { revision } = await show(begun);
    await store.client.del(revokedKey(partition, begun.tokenId));
    expect((await show(begun, { generation: 0 })).revision).toBe(revision);
  });
}
