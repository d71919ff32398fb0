import { expect, test } from 'vitest';
import { createFence } from './fence.ts';
import { createTableObserver, type TableEntry } from './lease-table.ts';

const TERMS = { leaseMs: 1_000, deposedMs: 500 };
const COMMIT = {
  partition: 3,
  revision: 7,
  primary: 'one',
  knownMs: 100,
  primaryTrustedFromMs: 0,
};

function entry(server: string, acknowledged: readonly [number, number, string][] = []): TableEntry {
  return {
    server,
    registration: '1',
    edges: 2,
    acknowledged: new Map(acknowledged.map(([p, revision, primary]) => [p, { revision, primary }])),
  };
}

function fenceOf(commit = COMMIT) {
  const observer = createTableObserver(TERMS);
  const fence = createFence([commit], TERMS, observer);
  const read = (entries: readonly TableEntry[], nowMs: number, confirmed = true, from = 0) => {
    observer.observed(entries, nowMs);
    fence.read({ entries, confirmed, trustedFromMs: from }, nowMs);
    return fence.state(nowMs).state;
  };
  return { fence, read };
}

test('is closed at once where the table, which counts, names no server', () => {
  expect(fenceOf().read([], 101)).toBe('CLOSED');
});

test('waits for every server that was in the first table, and says how many edges confirmed', () => {
  const { fence, read } = fenceOf();
  expect(read([entry('a'), entry('b')], 101)).toBe('OPEN');
  expect(read([entry('a', [[3, 7, 'one']]), entry('b', [[3, 6, 'one']])], 102)).toBe('OPEN');
  expect(read([entry('a', [[3, 7, 'one']]), entry('b', [[3, 8, 'one']])], 103)).toBe('CLOSED');
  expect(fence.state(103)).toEqual({ state: 'CLOSED', confirmed: 4, expired: 0 });
});

test('takes no acknowledgement of another history', () => {
  const { read } = fenceOf();
  expect(read([entry('a', [[3, 9, 'before']])], 101)).toBe('OPEN');
});

test('waits a whole lease where nobody confirms, and not less by its own clock', () => {
  const { fence, read } = fenceOf();
  read([entry('a')], 101);
  expect(fence.state(1_101)).toEqual({ state: 'OPEN', closesMs: 1_101, missing: 2 });
  expect(fence.state(1_101.1)).toEqual({ state: 'CLOSED', confirmed: 0, expired: 2 });
});

test('trusts no table that its primary has not confirmed', () => {
  expect(fenceOf().read([], 101, false)).toBe('OPEN');
});

test('trusts no table on probation', () => {
  const { read } = fenceOf();
  expect(read([], 101, true, 900)).toBe('OPEN');
  expect(read([], 901, true, 900)).toBe('CLOSED');
});

test('waits out the probation of the primary that committed, and trusts no table in it', () => {
  const { fence, read } = fenceOf({ ...COMMIT, primaryTrustedFromMs: 1_600 });
  expect(read([], 101)).toBe('OPEN');
  expect(fence.state(1_600).state).toBe('OPEN');
  expect(fence.state(1_600.1).state).toBe('CLOSED');
});

test('does not wait for a server whose entry has stood unchanged for a whole lease', () => {
  const observer = createTableObserver(TERMS);
  observer.observed([entry('gone')], 0);
  observer.observed([entry('gone')], 1_002);
  const fence = createFence([{ ...COMMIT, knownMs: 1_002 }], TERMS, observer);
  fence.read({ entries: [entry('gone')], confirmed: true, trustedFromMs: 0 }, 1_002);
  expect(fence.state(1_002)).toEqual({ state: 'CLOSED', confirmed: 0, expired: 2 });
});
