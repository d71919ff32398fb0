import { expect, test } from 'vitest';
import {
  collect,
  collectClaims,
  collectOneOf,
  collectPairs,
  duration,
  durationMs,
  integer,
  unsigned,
} from './option-values.ts';

test.each([
  ['250ms', 250],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['7d', 604_800_000],
  ['0', 0],
])('%s is a duration of %i ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each(['', '5', 'm', '-5m', '5 m', '1.5h', '5m!', '5M', '999999999999d'])(
  '"%s" is no duration',
  (text) => {
    expect(() => durationMs(text)).toThrow(/^(Write it like|It is too long)/);
  },
);

test('a duration keeps its fraction of a second', () => {
  expect(duration('1s500ms')).toMatchObject({ seconds: 1n, nanos: 500_000_000 });
});

test('an option given several times collects its values', () => {
  expect(collect('b', collect('a', undefined))).toEqual(['a', 'b']);
  const color = collectOneOf(['red', 'blue']);
  expect(color('blue', color('red', undefined))).toEqual(['red', 'blue']);
  expect(() => color('green', undefined)).toThrow('Allowed: red, blue.');
});

test('a claim is taken as JSON if it is JSON, and as text if not', () => {
  const texts = ['plan=pro', 'level=5', 'tags=["a","b"]', 'code="5"', 'eq=a=b', 'zip=01234'];
  const claims = texts.reduce(
    (before, text) => collectClaims(text, before),
    {} as ReturnType<typeof collectClaims>,
  );
  expect(claims).toEqual({
    plan: 'pro',
    level: 5,
    tags: ['a', 'b'],
    code: '5',
    eq: 'a=b',
    zip: '01234',
  });
});

test('a key named __proto__ is a key like any other', () => {
  expect(Object.keys(collectPairs('__proto__=x', undefined))).toEqual(['__proto__']);
  expect(Object.getPrototypeOf(collectPairs('__proto__=x', undefined))).toBe(Object.prototype);
});

test('a pair without a key is refused', () => {
  expect(() => collectPairs('=x', undefined)).toThrow('key=value');
  expect(() => collectPairs('x', undefined)).toThrow('key=value');
});

test('whole numbers are held against their range', () => {
  expect(integer(0, 16)('16')).toBe(16);
  expect(() => integer(0, 16)('17')).toThrow('from 0 to 16');
  expect(() => integer(0, 16)('1e1')).toThrow('from 0 to 16');
  expect(unsigned('18446744073709551615')).toBe(18446744073709551615n);
  expect(() => unsigned('-1')).toThrow('whole number');
});
