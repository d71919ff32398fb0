import { describe, expect, test } from 'vitest';
import { presentedToken } from './presented-token.ts';

const bearer = (token: string) => ({ scheme: 'Bearer', token });

describe('in the header', () => {
  test.each([
    ['Bearer abc.def.ghi', bearer('abc.def.ghi')],
    ['bearer abc', bearer('abc')],
    ['BEARER   abc==', bearer('abc==')],
    ['DPoP abc', { scheme: 'DPoP', token: 'abc' }],
    ['dpop abc', { scheme: 'DPoP', token: 'abc' }],
  ])('%j presents a token', (value, expected) => {
    expect(presentedToken([value], [], undefined)).toEqual(expected);
  });

  test.each(
    [[], [''], ['Basic YTpi'], ['Negotiate abc=='], ['Bearerx abc']].map((values) => [values]),
  )('%j presents none', (values) => {
    expect(presentedToken(values, [], undefined)).toBe('NONE');
  });

  test.each([
    [['Bearer a', 'Bearer b']],
    [['Bearer a', 'Basic YTpi']],
    [['Bearer a', '']],
    [['', 'Bearer a']],
    [['Bearer a,Bearer b']],
    [['Bearer a, Basic YTpi']],
    [['Basic YTpi, Bearer a']],
    [['Basic YTpi,Bearer a']],
    [['Bearer']],
    [['Bearer ']],
    [['Bearer a b']],
    [['Bearer a\tb']],
    [['Bearer ä']],
    [['DPoP']],
    [['Bearer, a']],
  ])('%j is of no use', (values) => {
    expect(presentedToken(values, [], undefined)).toBe('UNUSABLE');
  });
});

describe('in a cookie', () => {
  const inCookie = (cookies: string[], authorization: string[] = []) =>
    presentedToken(authorization, cookies, 'session');

  test.each([
    [['session=abc'], bearer('abc')],
    [['a=b; session=abc; c=d'], bearer('abc')],
    [['a=b', 'session=abc'], bearer('abc')],
    [['xsession=abc'], 'NONE'],
    [['Session=abc'], 'NONE'],
    [['a="session=abc"'], 'NONE'],
    [['session=abc; session=abc'], 'UNUSABLE'],
    [['session=abc', 'session=def'], 'UNUSABLE'],
    [['session='], 'UNUSABLE'],
    [['session="abc"'], 'UNUSABLE'],
    [['session=a b'], 'UNUSABLE'],
  ])('%j presents %j', (cookies, expected) => {
    expect(inCookie(cookies)).toEqual(expected);
  });

  test('a cookie beside a header must hold the same', () => {
    expect(inCookie(['session=abc'], ['Bearer abc'])).toEqual(bearer('abc'));
    expect(inCookie(['session=abc'], ['Bearer def'])).toBe('UNUSABLE');
    expect(inCookie(['session=a b'], ['Bearer abc'])).toBe('UNUSABLE');
    expect(inCookie(['session=abc'], ['Basic YTpi'])).toEqual(bearer('abc'));
    expect(inCookie(['session=abc'], ['Bearer a, Bearer b'])).toBe('UNUSABLE');
    expect(inCookie(['other=x'], ['Bearer abc'])).toEqual(bearer('abc'));
  });

  test('a cookie that nobody has named presents nothing', () => {
    expect(presentedToken([], ['session=abc'], undefined)).toBe('NONE');
  });
});
