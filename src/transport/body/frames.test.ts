import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, frameOf, PREFIX_BYTES } from './frames.ts';

const reason = (reason: string) => expect.objectContaining({ reason });

test('messages come out whole and in order, however their bytes are cut', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
  fc.assert(
    fc.property(payloads, cuts, (sent, sizes) => {
      const all = Buffer.concat(sent.map(frameOf));
      const reader = new FrameReader(40);
      const received: Buffer[] = [];
      for (let at = 0, i = 0; at < all.length; i += 1) {
        const size = sizes[i % sizes.length] ?? 1;
        received.push(...reader.take(all.subarray(at, at + size)));
        at += size;
      }
      reader.end();
      expect(received.map((frame) => [...frame.subarray(PREFIX_BYTES)])).toEqual(
        sent.map((payload) => [...payload]),
      );
    }),
  );
});

test('a message that is longer than it may be is refused by its prefix', () => {
  const prefix = frameOf(Buffer.alloc(11)).subarray(0, PREFIX_BYTES);
  expect(() => new FrameReader(10).take(prefix)).toThrow(reason('MESSAGE_TOO_LARGE'));
});

test('a message that is half there is told at the end, and counted before', () => {
  const reader = new FrameReader(10);
  expect(reader.take(frameOf(Buffer.alloc(10)).subarray(0, 8))).toEqual([]);
  expect(reader.heldBytes).toBe(8);
  expect(() => reader.end()).toThrow(reason('INVALID_FIELD'));
});
