import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadScript } from '../../../src/store/scripts/script.ts';
import { emptyDatabaseUrl } from '../../setup/redis.ts';

/** Where the script finds the time, instead of Redis' clock. */
const CLOCK = 'gcra:clock';
/** lua/take.lua with that clock. */
const SOURCE = injectTime(loadScript('take').source);

/**
 * A bucket that holds `burst` intervals of debt: each call adds one interval, each millisecond pays
 * one back. Integers throughout, and another formulation than the script's.
 */
function bucket(intervalMs: number, burst: number) {
  let debtMs = 0;
  let lastMs = 0;
  return (nowMs: number): number => {
    debtMs = Math.max(0, debtMs - (nowMs - lastMs));
    lastMs = nowMs;
    const overMs = debtMs + intervalMs - burst * intervalMs;
    if (overMs <= 0) debtMs += intervalMs;
    return Math.max(0, overMs);
  };
}

let redis: Redis;
let runs = 0;
beforeAll(async () => {
  redis = new Redis(await emptyDatabaseUrl());
});
afterAll(() => redis.disconnect());

/** Intervals of minutes: entries expire by the real clock, which must not come near in a test. */
const intervalMs = fc.integer({ min: 60_000, max: 600_000 });
const burst = fc.integer({ min: 1, max: 20 });
/** Between two calls, in hundredths of an interval: mostly too early, at times very late. */
const gaps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 120 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  ),
  { minLength: 1, maxLength: 60 },
);

test('every decision and every waiting time is that of a leaky bucket', async () => {
  await fc.assert(
    fc.asyncProperty(intervalMs, burst, gaps, async (interval, size, between) => {
      const key = `gcra:${runs++}`;
      const model = bucket(interval, size);
      let nowMs = Date.now();
      for (const gap of between) {
        nowMs += Math.floor((gap * interval) / 100);
        const waitMs = await take(key, interval, size, nowMs);
        expect(waitMs).toBe(model(nowMs));
        if (waitMs === 0) continue;
        // One millisecond before the time told it is refused, at that time it is let through.
        expect(await take(key, interval, size, nowMs + waitMs - 1)).toBe(1);
        nowMs += waitMs;
        expect(await take(key, interval, size, nowMs)).toBe(0);
        expect(model(nowMs)).toBe(0);
      }
    }),
    { numRuns: 60 },
  );
});

test('intervals with a fraction let through no more than the rate, and no less', async () => {
  const perHour = 7;
  const interval = 3_600_000 / perHour;
  const start = Date.now();
  let nowMs = start;
  let taken = 0;
  while (taken < 700) {
    const waitMs = await take('fraction', interval, 1, nowMs);
    if (waitMs === 0) taken += 1;
    else nowMs += waitMs;
  }
  const expectedMs = (taken - 1) * interval;
  expect(nowMs - start).toBeGreaterThanOrEqual(expectedMs);
  // Each waiting time is rounded up to a whole millisecond.
  expect(nowMs - start).toBeLessThanOrEqual(expectedMs + taken);
});

async function take(key: string, interval: number, size: number, nowMs: number): Promise<number> {
  await redis.set(CLOCK, nowMs);
  return Number(await redis.eval(SOURCE, 1, key, interval, size));
}

function injectTime(source: string): string {
  const injected = source.replace(
    /local function clock\(\)[\s\S]*?\nend\n/,
    `local function clock() return tonumber(redis.call('GET', '${CLOCK}')) end\n`,
  );
  if (injected === source) throw new Error('the script has no clock to replace');
  return injected;
}
