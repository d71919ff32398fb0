import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { emptyDatabaseUrl } from '../../test/setup/redis.ts';
import { openTestStore, soon } from '../../test/setup/store.ts';
import { readEntries, readFeed } from '../store/feed/read-feed.ts';
import type { PartitionKeys } from '../store/scripts/keys.ts';
import type { Store } from '../store/store.ts';
import { type FeedReads, walkState } from './walk-state.ts';

const SID = '0199f000-0000-7000-8000-00000000000a';
const EXPIRED = 1;
const AHEAD = 4e12;
let store: Store;
let keys: PartitionKeys;

beforeAll(async () => {
  store = await openTestStore({}, await emptyDatabaseUrl(), 1);
  keys = store.keyspace.partitions[0] as PartitionKeys;
});
afterAll(() => store.close());
beforeEach(() => store.client.del(keys.feed, keys.revision));

/** Entries as a session's begin and end leave them; every third session's token has expired. */
async function fill(sessions: number, from = 1): Promise<void> {
  const pipeline = store.client.pipeline();
  for (let i = from; i < from + sessions; i += 1) {
    const exp = i % 3 === 0 ? EXPIRED : AHEAD;
    for (const event of ['ISSUE', 'REVOKE']) {
      const revision = 2 * i - Number(event === 'ISSUE');
      const text = `${revision} ${event} ${exp} LOGOUT ${SID} token-${i} 0 acme:ada:phone`;
      pipeline.xadd(keys.feed, `${i + 1}-${revision}`, 'event', text, 'by', 'x');
    }
  }
  pipeline.set(keys.revision, 2 * (from + sessions - 1));
  await pipeline.exec();
}

const reads: FeedReads = {
  page: (query) => readFeed(store, keys, query, soon()),
  entries: (known, count) => readEntries(store, keys, known, count, soon()),
};

async function tokensIn(how: FeedReads): Promise<string[]> {
  const tokens: string[] = [];
  for await (const { events, place } of walkState(how)) {
    tokens.push(...events.map(({ tokenId }) => tokenId));
    if (place) expect(place.revision).toBe(Number(await store.client.get(keys.revision)));
  }
  return tokens;
}

const standing = (sessions: number) =>
  Array.from({ length: sessions }, (_, i) => i + 1)
    .filter((i) => i % 3 !== 0)
    .map((i) => `token-${i}`);

test.each([0, 10, 499, 500, 501, 2_500, 5_000])(
  'what stands after %i sessions is read once and in order',
  async (sessions) => {
    await fill(sessions);
    // By scripts what has expired is left out for certain, else by the time of the last entry.
    const tokens = (await tokensIn(reads)).filter((token) => Number(token.slice(6)) % 3 !== 0);
    expect(tokens).toEqual(standing(sessions));
  },
);

test('what is added meanwhile is read as well', async () => {
  await fill(1_000);
  let calls = 0;
  const during: FeedReads = {
    ...reads,
    async entries(known, count) {
      calls += 1;
      const read = await reads.entries(known, count);
      if (calls === 1) await fill(3_000, 1_001);
      return read;
    },
  };
  const tokens = (await tokensIn(during)).filter((token) => Number(token.slice(6)) % 3 !== 0);
  expect(tokens).toEqual(standing(4_000));
});

test.each<[string, () => Promise<unknown>]>([
  ['an entry that was read is gone', () => store.client.xtrim(keys.feed, 'MAXLEN', 10)],
  [
    'it is of another history',
    async () => {
      await store.client.del(keys.feed);
      await fill(1_200);
      await store.client.xdel(keys.feed, '501-1000');
    },
  ],
])('a feed is not gone on with when %s', async (_what, change) => {
  await fill(1_200);
  const during: FeedReads = {
    ...reads,
    async entries(known, count) {
      await change();
      return reads.entries(known, count);
    },
  };
  await expect(tokensIn(during)).rejects.toThrow();
});

test('a gap, as a torn log leaves it, keeps no state from being read', async () => {
  await fill(1_200);
  await store.client.xdel(keys.feed, '601-1199');
  const tokens = (await tokensIn(reads)).filter((token) => Number(token.slice(6)) % 3 !== 0);
  expect(tokens).toEqual(standing(1_200));
});

test('what was read of whomever is not taken for the state until a primary confirms it', async () => {
  await fill(1_200);
  const during: FeedReads = {
    ...reads,
    async entries(known, count) {
      const read = await reads.entries(known, count);
      await store.client.xdel(keys.feed, read.last.entryId);
      return read;
    },
  };
  await expect(tokensIn(during)).rejects.toThrow('another history');
});

test('entries of earlier versions, with a field for each fact, are read too', async () => {
  const facts = `member acme:ada:phone sid ${SID} jti token-2 exp ${AHEAD}`.split(' ');
  for (const [i, event] of ['ISSUE', 'REVOKE'].entries()) {
    const by = ['reason', 'LOGOUT', 'by', 'x'];
    await store.client.xadd(
      ...[keys.feed, `${i + 1}-0`, 'revision', i + 1, 'event', event, ...facts, ...by],
    );
  }
  const { events, last } = await reads.entries({ entryId: '1-0', revision: 1 }, 10);
  expect(last).toEqual({ revision: 2, entryId: '2-0' });
  expect(events).toEqual([
    {
      ...{ revision: 2, entryId: '2-0', kind: 'REVOKE', reason: 'LOGOUT', expiresAtMs: AHEAD },
      ...{ sessionId: SID, tokenId: 'token-2', awaited: false, member: 'acme:ada:phone' },
    },
  ]);
});
