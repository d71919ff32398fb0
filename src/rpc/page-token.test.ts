import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePageToken, encodePageToken } from './page-token.ts';

const LIST = ['sessions', 'acme', 'u1'];
const refused = expect.objectContaining({ reason: 'PAGE_TOKEN_INVALID' });

test('any name comes back from its page token', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(name, (after) => {
      expect(decodePageToken(LIST, encodePageToken(LIST, after))).toBe(after);
    }),
  );
});

test('the longest device id makes a page token that the contract accepts', () => {
  expect(encodePageToken(LIST, 'x'.repeat(256)).length).toBeLessThanOrEqual(1_024);
});

test('an empty page token is the first page', () => {
  expect(decodePageToken(LIST, '')).toBe('');
});

test('a page token of another list is refused', () => {
  const token = encodePageToken(['sessions', 'acme', 'u2'], 'phone');
  expect(() => decodePageToken(LIST, token)).toThrow(refused);
});

test('lists whose names run together do not share page tokens', () => {
  const token = encodePageToken(['sessions', 'a', 'cme'], 'phone');
  expect(() => decodePageToken(['sessions', 'ac', 'me'], token)).toThrow(refused);
});

test.each(['x', 'AQ', '====', 'not base64!'])('%j is refused', (token) => {
  expect(() => decodePageToken(LIST, token)).toThrow(refused);
});

test('a page token with any character changed is refused', () => {
  const token = encodePageToken(LIST, 'phone');
  for (let at = 0; at < token.length; at++) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
    expect(() => decodePageToken(LIST, changed)).toThrow(refused);
  }
});
