import { expect, test, vi } from 'vitest';
import type { FeedEvent } from '../store/feed/event.ts';
import { createAudience, gatherMs } from './audience.ts';
import type { Events } from './responses.ts';
import type { Tenants } from './scope.ts';
import type { Subscriber } from './subscriber.ts';

function ended(revision: number, tenantId: string, awaited = false): FeedEvent {
  return {
    ...{ revision, entryId: `${revision}-0`, kind: 'REVOKE', expiresAtMs: 1, reason: 'LOGOUT' },
    ...{ sessionId: 's', tokenId: 't', awaited, member: `${tenantId}:ada:phone` },
  };
}

function audienceOf(...scopes: readonly Tenants[]) {
  const audience = createAudience(() => {
    throw new Error('nothing is read');
  });
  const told = scopes.map((tenants) => {
    const each: Events[] = [];
    const deliver = (events: Events) => each.push(events);
    audience.join(tenants, () => ({ deliver }) as unknown as Subscriber);
    return each;
  });
  return { audience, told };
}

test('subscribers with the same tenants are told the same object, others what is theirs', () => {
  const acme = () => new Set(['globex', 'acme']);
  const { audience, told } = audienceOf(
    '*',
    '*',
    acme(),
    new Set(['acme', 'globex']),
    new Set(['x']),
  );
  audience.heard(1, [ended(1, 'acme'), ended(2, 'other')]);
  audience.heard(2, [ended(7, 'other')]);
  audience.flush();
  const [all, again, two, same, none] = told.map(([first]) => first);
  expect(again).toBe(all);
  expect(same).toBe(two);
  const revisionsIn = (events: Events | undefined) =>
    events?.partitions.map((each) => [each.events.map(({ revision }) => revision), each.upTo]);
  expect(revisionsIn(all)).toEqual([
    [[1, 2], 2],
    [[7], 7],
  ]);
  expect(revisionsIn(two)).toEqual([
    [[1], 2],
    [[], 7],
  ]);
  expect(revisionsIn(none)).toEqual([
    [[], 2],
    [[], 7],
  ]);
});

test('waits the longer the more there are to be told, and little where somebody waits', () => {
  expect(gatherMs(8)).toBeLessThan(2);
  expect(gatherMs(500)).toBeGreaterThan(gatherMs(100));
  expect(gatherMs(1_000_000)).toBe(gatherMs(10_000));
  expect(gatherMs(1_000, true)).toBeLessThan(gatherMs(1_000) / 5);
});

test('what somebody waits for is told at once, with what came before', () => {
  vi.useFakeTimers();
  try {
    const { audience, told } = audienceOf('*');
    audience.heard(1, [ended(1, 'acme')]);
    expect(told[0]).toHaveLength(0);
    audience.heard(2, [ended(1, 'acme', true)]);
    expect(told[0]?.map(({ partitions }) => partitions.length)).toEqual([2]);
    vi.runAllTimers();
    expect(told[0]).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});
