import { uuidv7 } from 'uuidv7';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyDatabaseUrl } from '../../test/setup/redis.ts';
import { openTestStore, planFor, soon } from '../../test/setup/store.ts';
import { until } from '../../test/setup/until.ts';
import { changeLeases, type TableChange } from '../store/feed/lease-table.ts';
import { SHARED_KEYS } from '../store/scripts/keys.ts';
import { issue } from '../store/sessions/issue.ts';
import { revokeDevice } from '../store/sessions/revoke.ts';
import type { Store } from '../store/store.ts';
import { createRevocations, type Revocations } from './revocations.ts';

const LEASE_MS = 1_000;
const NONE = { replicas: 0, fsync: false };
const DEVICE = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
let store: Store;
let url: string;
const running: Revocations[] = [];

beforeEach(async () => {
  url = await emptyDatabaseUrl();
  store = await openTestStore({}, url);
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.close();
  await store.close();
});

function start(on = store, mostWaiting = 16): Revocations {
  const revocations = createRevocations({
    store: on,
    terms: { leaseMs: LEASE_MS, deposedMs: 0 },
    newId: uuidv7,
    jwks: () => '',
    timeoutMs: 5_000,
    mostWaiting,
    onFault: () => undefined,
  });
  running.push(revocations);
  return revocations;
}

/** An edge that renews for as long as it is told to, and acknowledges at once if it does so at all. */
async function edgeOf(revocations: Revocations, acknowledges: boolean) {
  const wanted = { tenants: '*', cursor: undefined, edge: true } as const;
  const { subscriber, edge, leave } = await revocations.watch.begin(wanted);
  let applied = 0;
  let renewal = 0;
  let granted = 0;
  void (async () => {
    for (let next = await subscriber.next(); next; next = await subscriber.next()) {
      applied = next.sequence;
      for (const part of next.parts) if (part.kind === 'checkpoint') granted = part.renewal;
      const isAwaited = next.parts.some(
        (part) =>
          part.kind === 'events' &&
          part.partitions.some(({ events }) => events.some(({ awaited }) => awaited)),
      );
      if (acknowledges && isAwaited) edge?.applied(applied);
    }
  })();
  const renew = () => {
    renewal += 1;
    edge?.renew(renewal, acknowledges ? applied : 0);
  };
  const timer = acknowledges ? setInterval(renew, 100) : undefined;
  renew();
  await until('it has a lease', () => granted > 0);
  return {
    stop() {
      clearInterval(timer);
      leave();
    },
  };
}

async function fenced(revocations: Revocations, timeoutMs = 10_000) {
  await issue(store, planFor(DEVICE), soon());
  const logout = { reason: 'LOGOUT', by: 'test', durability: NONE, awaited: true } as const;
  const { revision } = await revokeDevice(store, DEVICE, {}, logout, soon());
  const { partition } = store.keyspace.place(DEVICE);
  const deadline = { deadlineAtMs: performance.now() + timeoutMs };
  return revocations.fences.wait([{ partition: partition.number, revision }], NONE, deadline);
}

/** Until this server has seen the table and the primaries for long enough. */
const trusted = (revocations: Revocations) =>
  until('a fence closes before a lease is over', async () => {
    return (await fenced(revocations)).waitedMs < LEASE_MS;
  });

test('without edges nothing is waited for, once the table has been seen for long enough', async () => {
  const revocations = start();
  const first = await fenced(revocations);
  expect(first.waitedMs).toBeGreaterThanOrEqual(LEASE_MS);
  await trusted(revocations);
  expect(await fenced(revocations)).toMatchObject({ confirmed: 0, expired: 0 });
});

test('an edge that confirms ends the wait, one that is silent costs it a lease', async () => {
  const revocations = start();
  await trusted(revocations);
  const good = await edgeOf(revocations, true);
  expect(await fenced(revocations)).toMatchObject({ confirmed: 1, expired: 0 });
  const silent = await edgeOf(revocations, false);
  const waited = await fenced(revocations);
  expect(waited.waitedMs).toBeLessThanOrEqual(2 * LEASE_MS + 4_000);
  expect(waited.confirmed + waited.expired).toBeGreaterThan(0);
  good.stop();
  silent.stop();
});

test('a change of the table that comes late undoes no later registration', async () => {
  const entryOf = (registration: string, edges: number) => ({
    ...{ server: 'a', registration, edges },
    acknowledged: new Map([[1, { revision: edges, primary: 'p' }]]),
  });
  const change = async (changes: TableChange) =>
    (await changeLeases(store, changes, uuidv7, soon())).entries;
  const write = (registration: string, edges: number) =>
    change({ write: entryOf(registration, edges) });
  await write('9', 1);
  expect(await write('10', 2)).toEqual([entryOf('10', 2)]);
  expect(await write('9', 1)).toEqual([entryOf('10', 2)]);
  expect(await write('9', 0)).toEqual([entryOf('10', 2)]);
  // What an observer has seen unchanged for too long goes only if it is that still.
  expect(await change({ gone: [entryOf('9', 1)] })).toEqual([entryOf('10', 2)]);
  expect(await change({ gone: [entryOf('10', 2)] })).toEqual([]);
  await write('11', 1);
  expect(await write('11', 0)).toEqual([]);
});

test('a lost table costs time, not safety: it is another one, which nobody trusts yet', async () => {
  const revocations = start();
  await trusted(revocations);
  const edge = await edgeOf(revocations, false);
  await store.client.del(SHARED_KEYS.leases);
  const { waitedMs } = await fenced(revocations);
  expect(waitedMs).toBeGreaterThanOrEqual(LEASE_MS);
  edge.stop();
});

test('what a server that is gone has left behind is taken out by another', async () => {
  const other = await openTestStore({}, url);
  try {
    const gone = start(other);
    await edgeOf(gone, true);
    await gone.close();
    const revocations = start();
    const edge = await edgeOf(revocations, true);
    const entries = async () => Object.keys(await store.client.hgetall(SHARED_KEYS.leases)).length;
    await until("only the table's id and one entry are left", async () => (await entries()) === 2);
    edge.stop();
    await until('nor is its own, when its lease is over', async () => (await entries()) === 1);
  } finally {
    await other.close();
  }
});

test('a deadline that comes first is told as such, with how many edges are missing', async () => {
  const revocations = start();
  await trusted(revocations);
  const edge = await edgeOf(revocations, false);
  await expect(fenced(revocations, 300)).rejects.toMatchObject({
    reason: 'EDGES_UNCONFIRMED',
    metadata: { edges: '1' },
  });
  edge.stop();
});

test('only so many wait at once', async () => {
  const revocations = start(store, 1);
  await edgeOf(revocations, false);
  const waiting = fenced(revocations);
  await until('one waits', () => revocations.fences.waiting === 1);
  await expect(fenced(revocations)).rejects.toMatchObject({ reason: 'EDGES_UNCONFIRMED' });
  await waiting;
});
