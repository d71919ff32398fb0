import fc from 'fast-check';
import { ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { ReplyDecoder } from './reply-decoder.ts';

function decode(pieces: readonly Buffer[]): unknown[] {
  const seen: unknown[] = [];
  const decoder = new ReplyDecoder({
    onReply: (reply) => seen.push(reply),
    onError: ({ message }) => seen.push({ error: message }),
  });
  for (const piece of pieces) decoder.write(piece);
  return seen;
}

const once = (text: string) => decode([Buffer.from(text)]);

test.each([
  ['+OK\r\n', 'OK'],
  [':42\r\n', 42],
  [':-7\r\n', -7],
  [':1790000000123\r\n', 1790000000123],
  ['$-1\r\n', null],
  ['$0\r\n\r\n', ''],
  ['$4\r\na\r\nb\r\n', 'a\r\nb'],
  ['*-1\r\n', null],
  ['*0\r\n', []],
  ['*2\r\n*1\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n', [[1], ['a', null]]],
  ['-NOSCRIPT No matching script.\r\n', { error: 'NOSCRIPT No matching script.' }],
])('%j is decoded', (text, expected) => {
  expect(once(text)).toEqual([expected]);
});

test('an error within an array is an element like any other', () => {
  const [reply] = once('*2\r\n-ERR no\r\n:1\r\n') as [unknown[]];
  expect(reply).toEqual([new ReplyError('ERR no'), 1]);
});

test.each(['!', '%1\r\n', ':4x\r\n', '$x\r\n', '\r\n'])('%j is not RESP2', (text) => {
  expect(() => once(text)).toThrow(/RESP2/);
});

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 0, maxLength: 200 }));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.maxSafeInteger(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 6 }),
  ),
}));

function encode(reply: unknown): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  const items = reply as unknown[];
  return `*${items.length}\r\n${items.map(encode).join('')}`;
}

test('however replies are cut into pieces, the same ones come out', () => {
  const cut = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), cut, (replies, sizes) => {
      const bytes = Buffer.from(replies.map(encode).join(''));
      const pieces: Buffer[] = [];
      for (let at = 0, i = 0; at < bytes.length; i += 1) {
        const size = sizes[i % sizes.length] as number;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(decode(pieces)).toEqual(replies);
    }),
    { numRuns: 500 },
  );
});

test('a long value that comes in many pieces is put together once', () => {
  const long = 'ä'.repeat(500_000);
  const bytes = Buffer.from(encode([long, 1]));
  const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
    bytes.subarray(i * 1000, (i + 1) * 1000),
  );
  expect(decode(pieces)).toEqual([[long, 1]]);
});
