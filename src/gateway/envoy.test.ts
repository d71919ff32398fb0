import { create } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { describe, expect, test } from 'vitest';
import { readCheck, writeCheck } from './envoy.ts';

const check = (http: object, contextExtensions = {}) =>
  readCheck(
    create(CheckRequestSchema, { attributes: { request: { http }, contextExtensions } }),
    'session',
  );

describe('of Envoy’s question', () => {
  test('the token and the route’s requirements are read', () => {
    const headers = { authorization: 'Bearer abc', 'x-signum-required-scope': 'x' };
    expect(check({ headers }, { scope: 'admin', audience: 'api' })).toMatchObject({
      presented: { scheme: 'Bearer', token: 'abc' },
      requirements: { scopes: ['admin', 'x'], audiences: ['api'] },
    });
  });

  test('raw headers are read in the place of joined ones', () => {
    const raw = (key: string, value: string) => ({ key, rawValue: Buffer.from(value) });
    const once = [raw('authorization', 'Bearer abc')];
    const headers = { authorization: 'Bearer other' };
    expect(check({ headers, headerMap: { headers: once } }).presented).toMatchObject({
      token: 'abc',
    });
    expect(check({ headerMap: { headers: [...once, ...once] } }).presented).toBe('UNUSABLE');
    expect(check({ headers, headerMap: { headers: [] } }).presented).toBe('NONE');
  });

  test('two tokens that Envoy has joined are of no use', () => {
    expect(check({ headers: { authorization: 'Bearer a,Bearer b' } }).presented).toBe('UNUSABLE');
  });

  test('the cookie that the deployment has named is read', () => {
    expect(check({ headers: { cookie: 'a=b; session=abc' } }).presented).toMatchObject({
      token: 'abc',
    });
  });

  test.each([{ scopes: 'admin' }, { Scope: 'admin' }, { virtual_host: 'x' }])(
    'an extension that says nothing Signum knows, %j, is refused',
    (extensions) => {
      expect(() => check({}, extensions)).toThrow(
        expect.objectContaining({ reason: 'INVALID_FIELD' }),
      );
    },
  );

  test('one that is about no request of HTTP is refused', () => {
    for (const init of [{}, { attributes: {} }, { attributes: { request: {} } }]) {
      expect(() => readCheck(create(CheckRequestSchema, init), undefined)).toThrow(
        expect.objectContaining({ reason: 'INVALID_FIELD' }),
      );
    }
  });
});

describe('Envoy is told', () => {
  const identity = {
    'x-signum-tenant': 'acme',
    'x-signum-user': 'ada',
    'x-signum-device': 'phone',
    'x-signum-session': 's',
    'x-signum-token-id': 't',
    'x-signum-scope': '',
    'x-signum-expires': '5',
  };

  test('to set every header that has a value, and to take out the others', () => {
    const { status, httpResponse, dynamicMetadata } = writeCheck({ status: 200, identity });
    expect(status?.code).toBe(0);
    if (httpResponse.case !== 'okResponse') throw new Error(httpResponse.case);
    const { headers, headersToRemove } = httpResponse.value;
    expect(headers.map(({ header }) => header?.key)).not.toContain('x-signum-scope');
    expect(headers.every(({ append }) => append === undefined)).toBe(true);
    expect(headersToRemove).toEqual(['x-signum-scope']);
    expect(dynamicMetadata).toEqual(identity);
  });

  test.each([
    [401, 16],
    [403, 7],
  ] as const)('to answer %i, and that the check has failed with %i', (status, code) => {
    const told = writeCheck({ status, challenge: 'Bearer' });
    expect(told.status?.code).toBe(code);
    expect(told.httpResponse).toMatchObject({
      case: 'deniedResponse',
      value: { status: { code: status }, headers: [{ header: { key: 'www-authenticate' } }] },
    });
  });
});
