import { expect, test } from 'vitest';
import { REQUIREMENT_HEADERS, readRequirements } from './requirements.ts';

const invalid = (field: string) =>
  expect.objectContaining({
    reason: 'INVALID_FIELD',
    metadata: expect.objectContaining({ field }),
  });

/** A request with one of the headers of requirements. */
function only(name: keyof typeof REQUIREMENT_HEADERS, values: readonly string[]) {
  return (header: string) => (header === REQUIREMENT_HEADERS[name] ? values : []);
}

test('requirements of all sources add up', () => {
  const pairs = [
    ['scope', 'read'],
    ['audience', 'a'],
    ['scope', 'write admin'],
    ['audience', 'b'],
  ] as const;
  expect(readRequirements(pairs, only('scope', ['x y', 'z']))).toEqual({
    scopes: ['read', 'write', 'admin', 'x', 'y', 'z'],
    audiences: ['a', 'b'],
  });
});

test('without any there are none', () => {
  expect(readRequirements([], () => [])).toEqual({ scopes: [], audiences: [] });
  expect(readRequirements([], () => ['', ' , '])).toEqual({ scopes: [], audiences: [] });
});

test('what a header holds is required, be it a scope or not: no token has it', () => {
  expect(readRequirements([], only('scope', ['a"b', 'é'])).scopes).toEqual(['a"b', 'é']);
});

test.each([
  ['scopes', 'read', 'scopes'],
  ['Scope', 'read', 'Scope'],
  ['', 'read', 'requirement'],
  ['x\ny', 'read', 'requirement'],
  ['scope', '', 'scope'],
  ['scope', 'a  b', 'scope'],
  ['scope', 'a"b', 'scope'],
  ['scope', 'x'.repeat(129), 'scope'],
  ['acr_values', '', 'acr_values'],
  ['acr_values', 'a  b', 'acr_values'],
  ['acr_values', 'a"b', 'acr_values'],
  ['acr', 'a', 'acr'],
  ['max_age', '', 'max_age'],
  ['max_age', '-1', 'max_age'],
  ['max_age', '1.5', 'max_age'],
  ['max_age', '01', 'max_age'],
  ['max_age', '1m', 'max_age'],
  ['audience', '', 'audience'],
  ['audience', 'x'.repeat(257), 'audience'],
])('an operator who requires %j %j is told so', (name, value, field) => {
  expect(() => readRequirements([[name, value]], () => [])).toThrow(invalid(field));
});

test('of several requirements of classes a token must meet each, of several ages the least', () => {
  const pairs = [
    ['acr_values', 'gold silver'],
    ['acr_values', 'bronze silver'],
    ['max_age', '60'],
    ['max_age', '5'],
  ] as const;
  expect(readRequirements(pairs, () => [])).toMatchObject({
    authentication: { acrValues: ['silver'], maxAgeS: 5 },
  });
});

test.each([
  ['acr_values', 'bronze', { acrValues: [], maxAgeS: 60 }],
  ['acr_values', 'gold, bronze', { acrValues: [], maxAgeS: 60 }],
  ['acr_values', 'gold bronze', { acrValues: ['gold'], maxAgeS: 60 }],
  ['acr_values', 'gold,', { acrValues: ['gold'], maxAgeS: 60 }],
  ['max_age', '3600', { acrValues: ['gold'], maxAgeS: 60 }],
  ['max_age', '7, 3600', { acrValues: ['gold'], maxAgeS: 7 }],
  ['max_age', 'never', { acrValues: ['gold'], maxAgeS: -1 }],
] as const)('a client that sends %s %j makes it no easier', (name, value, authentication) => {
  const pairs = [['acr_values', 'gold'] as const, ['max_age', '60'] as const];
  expect(readRequirements(pairs, only(name, [value]))).toMatchObject({ authentication });
});
