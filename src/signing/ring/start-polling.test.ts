import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startPolling } from './start-polling.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('runs follow each other with a fifth of jitter, and never overlap', async () => {
  const finish: (() => void)[] = [];
  const run = vi.fn(() => new Promise<void>((resolve) => finish.push(resolve)));
  const stop = startPolling({ everyMs: 1000, run });
  await vi.advanceTimersByTimeAsync(799);
  expect(run).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(401);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(run).toHaveBeenCalledTimes(1);
  finish[0]?.();
  await vi.advanceTimersByTimeAsync(1200);
  expect(run).toHaveBeenCalledTimes(2);
  stop();
});

test('nothing runs once it is stopped, not even after a run under way', async () => {
  const run = vi.fn(async () => {});
  const stop = startPolling({ everyMs: 1000, run });
  await vi.advanceTimersByTimeAsync(1200);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(run).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});
