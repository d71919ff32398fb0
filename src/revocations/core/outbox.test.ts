import { expect, test } from 'vitest';
import { createOutbox } from './outbox.ts';

test('hands out what was put in, in order, numbered without a gap', () => {
  const outbox = createOutbox<string>(100);
  for (const item of ['a', 'b', 'c']) outbox.put(item, 10);
  expect([outbox.take(), outbox.take(), outbox.take(), outbox.take()]).toEqual([
    { sequence: 1, item: 'a' },
    { sequence: 2, item: 'b' },
    { sequence: 3, item: 'c' },
    undefined,
  ]);
});

test('gives everything up when it is full, and takes nothing until that has been told', () => {
  const outbox = createOutbox<string>(25);
  for (const item of ['a', 'b']) outbox.put(item, 10);
  expect(outbox.take()).toEqual({ sequence: 1, item: 'a' });
  for (const item of ['c', 'd', 'e']) outbox.put(item, 10);
  expect(outbox.take()).toBeUndefined();
  expect(outbox.takeOverflow()).toBe(true);
  expect(outbox.takeOverflow()).toBe(false);
  outbox.put('reset', 10);
  expect(outbox.take()).toEqual({ sequence: 2, item: 'reset' });
});

test('takes one item of any size when it is empty', () => {
  const outbox = createOutbox<string>(5);
  outbox.put('large', 10);
  expect(outbox.take()).toEqual({ sequence: 1, item: 'large' });
  expect(outbox.takeOverflow()).toBe(false);
});

test('goes on for ever where it never runs empty', () => {
  const outbox = createOutbox<number>(1_000);
  for (let i = 0; i < 10; i += 1) outbox.put(i, 1);
  for (let i = 10; i < 1_000; i += 1) {
    outbox.put(i, 1);
    expect(outbox.take()).toEqual({ sequence: i - 9, item: i - 10 });
  }
});
