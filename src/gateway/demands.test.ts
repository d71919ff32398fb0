import { expect, test } from 'vitest';
import { readDemands } from './demands.ts';

const invalid = (field: string) =>
  expect.objectContaining({
    reason: 'INVALID_FIELD',
    metadata: expect.objectContaining({ field }),
  });

test('demands of all sources add up', () => {
  const pairs = [
    ['scope', 'read'],
    ['audience', 'a'],
    ['scope', 'write admin'],
    ['audience', 'b'],
  ] as const;
  expect(readDemands(pairs, ['x y', 'z'])).toEqual({
    scopes: ['read', 'write', 'admin', 'x', 'y', 'z'],
    audiences: ['a', 'b'],
  });
});

test('without any there are none', () => {
  expect(readDemands([], [])).toEqual({ scopes: [], audiences: [] });
  expect(readDemands([], ['', ' , '])).toEqual({ scopes: [], audiences: [] });
});

test('what a header holds is demanded, be it a scope or not: no token has it', () => {
  expect(readDemands([], ['a"b', 'é']).scopes).toEqual(['a"b', 'é']);
});

test.each([
  ['scopes', 'read', 'scopes'],
  ['Scope', 'read', 'Scope'],
  ['', 'read', 'demand'],
  ['x\ny', 'read', 'demand'],
  ['scope', '', 'scope'],
  ['scope', 'a  b', 'scope'],
  ['scope', 'a"b', 'scope'],
  ['scope', 'x'.repeat(129), 'scope'],
  ['audience', '', 'audience'],
  ['audience', 'x'.repeat(257), 'audience'],
])('an operator who demands %j %j is told so', (name, value, field) => {
  expect(() => readDemands([[name, value]], [])).toThrow(invalid(field));
});
