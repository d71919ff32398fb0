import { expect, test } from 'vitest';
import { createLeaseBook } from './lease-book.ts';

const EVENT = { partition: 1, revision: 5, primary: 'one' };

function bookOf(...edges: readonly string[]) {
  const book = createLeaseBook({ leaseMs: 1_000 });
  for (const edge of edges) book.renewed(edge, 0);
  return book;
}

test('a server without edges has applied everything', () => {
  const book = bookOf();
  book.awaited(EVENT, 0);
  expect(book.takeAcknowledged(0)).toEqual([EVENT]);
  expect(book.takeAcknowledged(0)).toEqual([]);
});

test('an event is acknowledged when each edge has applied the response that holds it', () => {
  const book = bookOf('a', 'b');
  book.awaited(EVENT, 0);
  book.told('a', { partition: 1, revision: 5, sequence: 10 });
  book.told('b', { partition: 1, revision: 6, sequence: 4 });
  book.applied('a', 9);
  book.applied('b', 4);
  expect(book.takeAcknowledged(1)).toEqual([]);
  book.applied('a', 10);
  expect(book.takeAcknowledged(1)).toEqual([EVENT]);
});

test('what an edge has been told of other partitions, or before, counts for nothing', () => {
  const book = bookOf('a');
  book.awaited(EVENT, 0);
  book.told('a', { partition: 2, revision: 9, sequence: 1 });
  book.told('a', { partition: 1, revision: 4, sequence: 2 });
  book.applied('a', 2);
  expect(book.takeAcknowledged(1)).toEqual([]);
});

test('an edge that has left counts until its lease is surely over', () => {
  const book = bookOf('a');
  book.awaited(EVENT, 0);
  book.told('a', { partition: 1, revision: 5, sequence: 1 });
  book.left('a');
  book.applied('a', 1);
  expect(book.takeAcknowledged(1_000.5)).toEqual([]);
  expect(book.edges(1_000.5)).toBe(1);
  expect(book.takeAcknowledged(1_001)).toEqual([EVENT]);
  expect(book.edges(1_001)).toBe(0);
});

test('an edge that comes after an event is not waited for: its checkpoint is newer', () => {
  const book = bookOf('a');
  book.awaited(EVENT, 0);
  book.renewed('late', 0);
  book.told('a', { partition: 1, revision: 5, sequence: 1 });
  book.applied('a', 1);
  expect(book.takeAcknowledged(1)).toEqual([EVENT]);
});

test('an event that no edge applies is kept for no longer than somebody can wait for it', () => {
  const book = bookOf('a');
  book.awaited(EVENT, 0);
  for (let nowMs = 0; nowMs <= 2_400; nowMs += 400) book.renewed('a', nowMs);
  expect(book.takeAcknowledged(2_400)).toEqual([]);
  book.told('a', { partition: 1, revision: 5, sequence: 1 });
  book.applied('a', 1);
  expect(book.takeAcknowledged(2_401)).toEqual([]);
});
