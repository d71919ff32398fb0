import { expect, test } from 'vitest';
import { until } from '../../test/setup/until.ts';
import { createLoadQueue } from './load-queue.ts';
import type { Subscriber } from './subscriber.ts';

const PARTITIONS = 16;
const PLACE = { revision: 1, entryId: '1-0' };

const queue = () =>
  createLoadQueue({
    ...{ partitions: PARTITIONS, isThere: () => true },
    ...{ liveAt: () => PLACE, lastAt: () => PLACE },
  });

/** Counts what it is told at a time; `takes`: when it has taken a page. */
function subscriber(takes: (taken: Promise<void>) => Promise<void>, taken: Promise<void>) {
  const counts = { atATime: 0, most: 0, told: 0 };
  const load = async () => {
    counts.atATime += 1;
    counts.most = Math.max(counts.most, counts.atATime);
    await takes(taken);
    counts.atATime -= 1;
    counts.told += 1;
    return PLACE.revision;
  };
  return { counts, subscriber: { load } as unknown as Subscriber };
}

test('a subscriber that takes nothing is told four states at a time and keeps nobody from theirs', async () => {
  const loads = queue();
  const slow = Promise.withResolvers<void>();
  const still = subscriber(loads.resting, slow.promise);
  const quick = subscriber(loads.resting, Promise.resolve());
  for (let p = 0; p < PARTITIONS; p += 1) loads.want(still.subscriber, p);
  for (let p = 0; p < PARTITIONS; p += 1) loads.want(quick.subscriber, p);
  await until('the other is told all', () => quick.counts.told === PARTITIONS);
  expect(still.counts).toEqual({ atATime: 4, most: 4, told: 0 });
  slow.resolve();
  await until('it is told all as well', () => still.counts.told === PARTITIONS);
  expect(still.counts.most).toBe(4);
});

test('those who take nothing are told no more than fits into memory, however many they are', async () => {
  const loads = queue();
  const slow = Promise.withResolvers<void>();
  const many = Array.from({ length: 100 }, () => subscriber(loads.resting, slow.promise));
  for (const each of many) for (let p = 0; p < 4; p += 1) loads.want(each.subscriber, p);
  const atATime = () => many.reduce((sum, { counts }) => sum + counts.atATime, 0);
  expect(atATime()).toBe(64 + 4);
  slow.resolve();
  await until('all are told', () => many.every(({ counts }) => counts.told === 4));
});
