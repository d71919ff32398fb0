import { expect, test } from 'vitest';
import { createOutbox } from './outbox.ts';

test('hands out what was put in, in order, numbered without a gap', () => {
  const outbox = createOutbox<string>(100);
  for (const item of ['a', 'b', 'c']) outbox.put(item, 10);
  expect([outbox.take(1), outbox.take(1), outbox.take(1), outbox.take(1)]).toEqual([
    { sequence: 1, items: ['a'] },
    { sequence: 2, items: ['b'] },
    { sequence: 3, items: ['c'] },
    undefined,
  ]);
});

test('gives everything up when it is full, and takes nothing until that has been told', () => {
  const outbox = createOutbox<string>(25);
  for (const item of ['a', 'b']) outbox.put(item, 10);
  expect(outbox.take(1)).toEqual({ sequence: 1, items: ['a'] });
  for (const item of ['c', 'd', 'e']) outbox.put(item, 10);
  expect(outbox.take(1)).toBeUndefined();
  expect(outbox.takeOverflow()).toBe(true);
  expect(outbox.takeOverflow()).toBe(false);
  outbox.put('reset', 10);
  expect(outbox.take(1)).toEqual({ sequence: 2, items: ['reset'] });
});

test('takes one item of any size when it is empty', () => {
  const outbox = createOutbox<string>(5);
  outbox.put('large', 10);
  expect(outbox.take(1)).toEqual({ sequence: 1, items: ['large'] });
  expect(outbox.takeOverflow()).toBe(false);
});

test('goes on for ever where it never runs empty', () => {
  const outbox = createOutbox<number>(1_000);
  for (let i = 0; i < 10; i += 1) outbox.put(i, 1);
  for (let i = 10; i < 1_000; i += 1) {
    outbox.put(i, 1);
    expect(outbox.take(1)).toEqual({ sequence: i - 9, items: [i - 10] });
  }
});

test('hands out together what is there, up to so many bytes and a little more', () => {
  const outbox = createOutbox<string>(100);
  for (const item of ['a', 'b', 'c', 'd']) outbox.put(item, 10);
  expect(outbox.take(15)).toEqual({ sequence: 1, items: ['a', 'b'] });
  outbox.put('e', 10);
  expect(outbox.take(100)).toEqual({ sequence: 2, items: ['c', 'd', 'e'] });
  expect(outbox.take(100)).toBeUndefined();
});
