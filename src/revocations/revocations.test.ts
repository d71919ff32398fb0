import type { Redis } from 'ioredis';
import { uuidv7 } from 'uuidv7';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyDatabaseUrl } from '../../test/setup/redis.ts';
import { openTestStore, planFor, soon } from '../../test/setup/store.ts';
import { until } from '../../test/setup/until.ts';
import type { FeedEvent } from '../store/feed/event.ts';
import { SCRIPTS } from '../store/scripts/script.ts';
import { issue } from '../store/sessions/issue.ts';
import { revokeDevice } from '../store/sessions/revoke.ts';
import { raiseWatermark } from '../store/sessions/watermark.ts';
import type { Store } from '../store/store.ts';
import type { FeedPart, Welcome } from './responses.ts';
import { createRevocations, type Revocations } from './revocations.ts';
import type { Cursor, Subscriber } from './subscriber.ts';

const PARTITIONS = 8;
const LEASE_MS = 1_000;
const NONE = { replicas: 0, fsync: false };
let url: string;
let store: Store;
let revocations: Revocations;

beforeEach(async () => {
  url = await emptyDatabaseUrl();
  store = await openTestStore({}, url, PARTITIONS);
  revocations = create(store);
});
afterEach(async () => {
  await revocations.close();
  await store.close();
});

function create(on: Store): Revocations {
  return createRevocations({
    store: on,
    terms: { leaseMs: LEASE_MS, deposedMs: 0 },
    newId: uuidv7,
    jwks: () => '{"keys":[]}',
    timeoutMs: 5_000,
    mostWaiting: 16,
    onFault: () => undefined,
  });
}

function deviceOf(user: string, tenantId = 'acme') {
  return { tenantId, userId: user, deviceId: 'phone' };
}

/** Reads what a subscriber is told as it comes. */
function collect(subscriber: Subscriber): FeedPart[] {
  const told: FeedPart[] = [];
  let responses = 0;
  void (async () => {
    for (let next = await subscriber.next(); next; next = await subscriber.next()) {
      responses += 1;
      expect(next.sequence).toBe(responses);
      told.push(...next.parts);
    }
  })();
  return told;
}

async function subscribe(tenants: ReadonlySet<string> | '*' = '*', cursor?: Cursor) {
  const { subscriber } = await revocations.watch.begin({ tenants, cursor, edge: false });
  const responses = collect(subscriber);
  await until('it is welcome', () => responses[0]?.kind === 'welcome');
  const deploymentId = (responses[0] as Welcome).deploymentId;
  return { subscriber, deploymentId, responses };
}

const eventsIn = (responses: readonly FeedPart[]) =>
  responses.flatMap((part) => {
    if (part.kind === 'snapshot') return part.events;
    return part.kind === 'events' ? part.partitions.flatMap(({ events }) => events) : [];
  });

/** What was told but losses: a feed that had been used before it was read first may have lost something. */
const endsIn = (responses: readonly FeedPart[]) =>
  eventsIn(responses).filter(({ kind }) => kind !== 'LOSS');

async function checkpoint(subscriber: Subscriber) {
  const { timeMs, places } = await revocations.hub.vouch();
  subscriber.checkpoint(0, timeMs, places);
}

/** Where a subscriber may go on: events tell where partitions stand, and so do checkpoints. */
const placesIn = (responses: readonly FeedPart[]) =>
  new Map(
    responses.flatMap((part) => {
      if (part.kind === 'checkpoint') return part.moved.map((m) => [m.partition, m.place] as const);
      if (part.kind !== 'events') return [];
      return part.partitions.flatMap(({ partition, events }) =>
        events.map(({ revision, entryId }) => [partition, { revision, entryId }] as const),
      );
    }),
  );

const allLoaded = (responses: readonly FeedPart[]) =>
  responses.filter((each) => each.kind === 'snapshot' && each.last).length >= PARTITIONS;

const logout = { reason: 'LOGOUT', by: 'test', durability: NONE } as const;

test('a subscriber gets a snapshot of what has ended, then every end in order', async () => {
  for (const user of ['a', 'b', 'c']) {
    await issue(store, planFor(deviceOf(user)), soon());
    await revokeDevice(store, deviceOf(user), {}, logout, soon());
  }
  const { subscriber, responses } = await subscribe();
  await until('the snapshot is whole', () => allLoaded(responses));
  expect(endsIn(responses).map(({ reason }) => reason)).toEqual(['LOGOUT', 'LOGOUT', 'LOGOUT']);

  const plan = planFor(deviceOf('d'));
  await issue(store, plan, soon());
  await revokeDevice(store, deviceOf('d'), {}, logout, soon());
  await checkpoint(subscriber);
  await until('the checkpoint has come', () => responses.at(-1)?.kind === 'checkpoint');

  expect(endsIn(responses).at(-1)).toMatchObject({ kind: 'REVOKE', tokenId: plan.tokenId });
  expect(responses.at(-1)).toMatchObject({ uncovered: [] });
});

test('a subscriber resumes from a cursor without a gap', async () => {
  const first = await subscribe();
  await until('the snapshot is whole', () => allLoaded(first.responses));
  await issue(store, planFor(deviceOf('a')), soon());
  await revokeDevice(store, deviceOf('a'), {}, logout, soon());
  await checkpoint(first.subscriber);
  await until('a checkpoint', () => first.responses.at(-1)?.kind === 'checkpoint');
  const places = placesIn(first.responses);
  expect(places.size).toBe(PARTITIONS);
  revocations.hub.unsubscribe(first.subscriber);
  const plan = planFor(deviceOf('b'));
  await issue(store, plan, soon());
  await revokeDevice(store, deviceOf('b'), {}, logout, soon());

  const cursor = { deploymentId: first.deploymentId, places };
  const { responses, subscriber } = await subscribe('*', cursor);
  await until('the end is told', () => endsIn(responses).length > 0);
  await checkpoint(subscriber);
  await until('a checkpoint', () => responses.at(-1)?.kind === 'checkpoint');
  expect(responses.at(-1)).toMatchObject({ uncovered: [] });
  expect(endsIn(responses).map(({ tokenId }) => tokenId)).toEqual([plan.tokenId]);
  expect(responses.map(({ kind }) => kind)).not.toContain('snapshot');
  expect(responses.map(({ kind }) => kind)).not.toContain('reset');
});

test.each([
  ['of another deployment', 'other', { revision: 0, entryId: '' }, 'OTHER_DEPLOYMENT'],
  ['that is ahead', undefined, { revision: 99, entryId: '99-0' }, 'HISTORY_LOST'],
  ['whose entry is another one', undefined, { revision: 1, entryId: '1-0' }, 'HISTORY_LOST'],
] as const)('a cursor %s is reset', async (_what, deployment, place, reason) => {
  await issue(store, planFor(deviceOf('a')), soon());
  await revokeDevice(store, deviceOf('a'), {}, logout, soon());
  const p = store.keyspace.partition('acme', 'a').number;
  const first = await subscribe();
  const deploymentId = deployment ?? first.deploymentId;
  const { responses } = await subscribe('*', { deploymentId, places: new Map([[p, place]]) });
  await until('the snapshot is whole', () => allLoaded(responses));
  expect(responses).toContainEqual({ kind: 'reset', partition: p, reason });
  expect(endsIn(responses)).toHaveLength(1);
});

test('a cursor behind the feed is reset as trimmed', async () => {
  const { partition } = store.keyspace.place(deviceOf('a'));
  await issue(store, planFor(deviceOf('a')), soon());
  const [[entryId] = ['']] = await store.client.xrange(partition.feed, '-', '+');
  await revokeDevice(store, deviceOf('a'), {}, logout, soon());
  await store.client.xdel(partition.feed, entryId);
  const { deploymentId } = await subscribe();
  const places = new Map([[partition.number, { revision: 1, entryId }]]);
  const { responses } = await subscribe('*', { deploymentId, places });
  await until('the snapshot is whole', () => allLoaded(responses));
  const reset = { kind: 'reset', partition: partition.number, reason: 'TRIMMED' };
  expect(responses).toContainEqual(reset);
});

test('a subscriber of a tenant hears of no other, but of what ends for all', async () => {
  const { responses, subscriber } = await subscribe(new Set(['acme']));
  await until('the snapshot is whole', () => allLoaded(responses));
  for (const tenant of ['acme', 'other']) {
    await issue(store, planFor(deviceOf('a', tenant)), soon());
    await revokeDevice(store, deviceOf('a', tenant), {}, logout, soon());
    await raiseWatermark(store, { tenantId: tenant }, 'x', NONE, soon());
  }
  await raiseWatermark(store, { keyId: 'k' }, 'x', NONE, soon());
  await checkpoint(subscriber);
  await until('a checkpoint', () => responses.at(-1)?.kind === 'checkpoint');
  const members = new Set(endsIn(responses).map(({ member }) => member));
  expect(members).toEqual(new Set(['acme:a:phone', 't:acme', 'k:k']));
});

test('a subscriber that does not read is reset, and misses nothing', async () => {
  const watching = await revocations.watch.begin({ tenants: '*', cursor: undefined, edge: false });
  const { subscriber } = watching;
  const event = {
    ...{ revision: 1, entryId: '1-0', kind: 'REVOKE', expiresAtMs: 1, reason: 'LOGOUT' },
    ...{ sessionId: 's', tokenId: 't', awaited: false, member: 'a:b:c' },
  } satisfies Partial<FeedEvent>;
  const many: FeedEvent[] = Array.from({ length: 1_000 }, () => event);
  const loaded: FeedPart[] = [];
  await until('every partition is told', async () => {
    const next = await subscriber.next();
    loaded.push(...(next?.parts ?? []));
    return allLoaded(loaded);
  });
  for (let i = 0; i < 40; i += 1) {
    const partitions = [{ partition: 0, events: many, upTo: 1 }];
    subscriber.deliver({ kind: 'events', partitions });
  }
  await issue(store, planFor(deviceOf('a')), soon());
  await revokeDevice(store, deviceOf('a'), {}, logout, soon());
  const responses: FeedPart[] = [];
  await until('it begins anew, in every partition', async () => {
    const next = await subscriber.next();
    responses.push(...(next?.parts ?? []));
    return allLoaded(responses);
  });
  const resets = responses.filter((each) => each.kind === 'reset' && each.reason === 'SLOW');
  expect(resets).toHaveLength(PARTITIONS);
  expect(endsIn(responses).map(({ member }) => member)).toContain('acme:a:phone');
});

test('a subscriber that had read further than its source is told anew when a lost tail is written over', async () => {
  const { client } = store;
  const plan = planFor(deviceOf('a'));
  await issue(store, plan, soon());
  const { partition } = store.keyspace.place(deviceOf('a'));
  const kept = await client.xrange(partition.feed, '-', '+');
  const first = await subscribe();
  await until('the source is live', () => allLoaded(first.responses));
  // Committed, and nobody has heard of it when its primary is lost.
  const lost = uuidv7();
  const revision = await client.incr(partition.revision);
  const text = `${revision} REVOKE ${Date.now() + 60_000} LOGOUT ${uuidv7()} ${lost} 0 acme:b:phone`;
  await client.xadd(partition.feed, '*', 'event', text, 'by', 'test');
  // Of another scope: of the same it would be told what was read before.
  const { responses } = await subscribe(new Set(['acme']));
  await until('it is told what the source has not heard', () => allLoaded(responses));
  expect(endsIn(responses).map(({ tokenId }) => tokenId)).toEqual([lost]);

  await client.del(partition.feed);
  for (const [entryId, fields] of kept) await client.xadd(partition.feed, entryId, ...fields);
  await client.decr(partition.revision);
  const database = new URL(url).pathname.slice(1) || '0';
  const feeds = String(await client.call('CLIENT', 'LIST'))
    .split('\n')
    .filter((line) => line.includes('name=signum-test-feed') && line.includes(` db=${database} `));
  expect(feeds).toHaveLength(1);
  const [, id = ''] = feeds[0]?.match(/^id=(\d+) /) ?? [];
  await client.call('CLIENT', 'KILL', 'ID', id);
  const outcome = await revokeDevice(store, deviceOf('a'), {}, logout, soon());
  expect(outcome.revision).toBe(revision);

  await until('it is told what took the place', () =>
    endsIn(responses).some(({ tokenId }) => tokenId === plan.tokenId),
  );
  const reset = { kind: 'reset', partition: partition.number, reason: 'SOURCE_LOST' };
  expect(responses).toContainEqual(reset);
});

test('without a subscriber nothing is heard and no connection is open', async () => {
  const redis = store.client;
  const feeds = async () =>
    String(await redis.call('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes('name=signum-test-feed') && line.includes(`db=`)).length;
  const before = await feeds();
  const { subscriber, responses } = await subscribe();
  await until('the snapshot is whole', () => allLoaded(responses));
  expect(await feeds()).toBe(before + 1);
  revocations.hub.unsubscribe(subscriber);
  await until('the connection is gone', async () => (await feeds()) === before);
});

test('what was being read when the last subscriber left is not told to the next one', async () => {
  let gate: { readonly opened: Promise<void> } | undefined;
  let isReading = false;
  const run: Store['runner']['run'] = async (...of) => {
    const mine = of[0] === SCRIPTS.feed ? gate : undefined;
    isReading ||= mine !== undefined;
    await mine?.opened;
    return store.runner.run(...of);
  };
  const runner = new Proxy(store.runner, {
    get(target, name) {
      const found: unknown = name === 'run' ? run : Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
  const gated: Store = { ...store, runner };
  await revocations.close();
  revocations = create(gated);
  const first = await subscribe();
  await until('the snapshot is whole', () => allLoaded(first.responses));
  const slow = Promise.withResolvers<void>();
  gate = { opened: slow.promise };
  await (store.client as Redis).call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until('what was missed is read', () => isReading);
  revocations.hub.unsubscribe(first.subscriber);
  gate = undefined;
  const next = await subscribe();
  await until('the snapshot is whole', () => allLoaded(next.responses));
  const told = () => endsIn(next.responses).map(({ tokenId }) => tokenId);
  const end = async () => {
    const plan = planFor(deviceOf('a'));
    await issue(store, plan, soon());
    await revokeDevice(store, deviceOf('a'), {}, logout, soon());
    await until('the end is told', () => told().includes(plan.tokenId));
    return plan.tokenId;
  };
  const ended = [await end()];
  slow.resolve();
  ended.push(await end(), await end());
  expect(told()).toEqual(ended);
});
