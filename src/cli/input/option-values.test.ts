import { expect, test } from 'vitest';
import {
  collect,
  collectClaims,
  collectOneOf,
  collectPairs,
  duration,
  durationMs,
  integer,
  pastInstant,
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

test.each([
  '',
  '5',
  '1s1s',
  '1m1h',
  '1ms1s',
  'm',
  '-5m',
  '5 m',
  '1.5h',
  '5m!',
  '5M',
  '999999999999d',
])('"%s" is no duration', (text) => {
  expect(() => durationMs(text)).toThrow(/^(Write it like|It is too long)/);
});

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

test('a key that comes twice is refused, and a member of a claim that does', () => {
  const plan = collectClaims('plan=a', undefined);
  expect(() => collectClaims('plan=b', plan)).toThrow('each key once');
  expect(() => collectPairs('k=2', collectPairs('k=1', undefined))).toThrow('each key once');
  for (const text of ['x={"a":1,"a":2}', 'x=[{"b":{"a":1,"\\u0061":2}}]']) {
    expect(() => collectClaims(text, undefined)).toThrow('each member');
  }
  expect(collectClaims('x={"a":[{"a":1},{"a":2}]}', undefined)).toEqual({
    x: { a: [{ a: 1 }, { a: 2 }] },
  });
});

test.each(['2026-02-31T00:00:00Z', '2025-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-01'])(
  'a day that no calendar has is no instant: %s',
  (text) => {
    expect(() => pastInstant(text)).toThrow('2026-01-31T12:00:00Z');
  },
);

test('an instant may say its offset', () => {
  expect(pastInstant('2024-02-29T01:00:00+02:00')).toEqual(pastInstant('2024-02-28T23:00:00Z'));
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
