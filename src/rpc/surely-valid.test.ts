import { create, type DescMethod } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryInit } from '../../test/differential/arbitrary-message.ts';
import { surelyValid } from './check-message.ts';
import { SERVICES } from './rpc.ts';

const METHODS = [...new Set([...SERVICES, FeedService])].flatMap(
  ({ methods }) => methods as readonly DescMethod[],
);
const validator = createValidator();

test.each(METHODS.map(({ name, input }) => [name, input] as const))(
  'no request of %s that is surely valid breaks a rule of the contract',
  (_name, input) => {
    const isSurelyValid = surelyValid(input);
    fc.assert(
      fc.property(arbitraryInit(input), (init) => {
        const message = create(input, init as never);
        if (isSurelyValid(message)) {
          expect(validator.validate(input, message)).toMatchObject({ kind: 'valid' });
        }
      }),
      { numRuns: 200 },
    );
  },
);

const uuid = '0192f0c4-7b7e-7000-8000-000000000000';
const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const { issue, refresh, validate, revoke, revokeUser, listSessions } = TokenService.method;

/** What is usually asked for, and what breaks a rule of it. */
const USUAL: readonly (readonly [DescMethod, object, object])[] = [
  [issue, { device }, { device: { ...device, userId: '' } }],
  [issue, { device, scopes: ['read', 'write'] }, { device, scopes: ['read', 'read'] }],
  [issue, { device, scopes: ['read'] }, { device, scopes: ['re ad'] }],
  [issue, { device, requestId: uuid }, { device, requestId: 'x' }],
  [issue, { device, policy: 2 }, { device, policy: 9 }],
  [issue, { device, clientId: 'web' }, { device, clientId: 'ä' }],
  [issue, { device, metadata: { ip: '2001:db8::1' } }, { device, metadata: { ip: '1.2.3' } }],
  [issue, { device, metadata: { label: 'x' } }, { device, metadata: { label: 'x'.repeat(129) } }],
  [
    issue,
    { device, metadata: { attributes: { a: 'b' } } },
    { device, metadata: { attributes: { '': 'b' } } },
  ],
  [
    issue,
    { device, accessLifetime: { seconds: 600n } },
    { device, accessLifetime: { seconds: 0n, nanos: 5 } },
  ],
  [issue, { device }, {}],
  [refresh, { refreshToken: 'x'.repeat(600) }, { refreshToken: '' }],
  [refresh, { refreshToken: 'x' }, { refreshToken: 'x'.repeat(4_097) }],
  [validate, { subject: { case: 'token', value: 'x' } }, {}],
  [
    validate,
    { subject: { case: 'ids', value: { ...device, tokenId: uuid } } },
    { subject: { case: 'ids', value: { ...device, tokenId: 'x' } } },
  ],
  [
    validate,
    { subject: { case: 'ids', value: { ...device, tokenId: uuid } } },
    { subject: { case: 'ids', value: { ...device, userId: 'a\u0085', tokenId: uuid } } },
  ],
  [
    validate,
    { subject: { case: 'token', value: 'x' }, requiredScopes: ['read'] },
    { subject: { case: 'token', value: 'x' }, requiredScopes: [''] },
  ],
  [
    revoke,
    { subject: { case: 'device', value: device }, reason: 5 },
    { subject: { case: 'device', value: device }, reason: 2 },
  ],
  [
    revoke,
    { subject: { case: 'device', value: device }, durability: { replicas: 16 } },
    { subject: { case: 'device', value: device }, durability: { replicas: 17 } },
  ],
  [revokeUser, { ...device, deviceId: undefined }, { tenantId: 'acme' }],
  [
    listSessions,
    { tenantId: 'acme', userId: 'u1' },
    { tenantId: 'acme', userId: 'u1', pageSize: 101 },
  ],
];

test.each(USUAL)(
  '%s: what is usual is surely valid, and what breaks a rule is not',
  (method, usual, broken) => {
    const isSurelyValid = surelyValid(method.input);
    expect(isSurelyValid(create(method.input, usual as never))).toBe(true);
    const message = create(method.input, broken as never);
    expect(isSurelyValid(message)).toBe(false);
    expect(validator.validate(method.input, message)).toMatchObject({ kind: 'invalid' });
  },
);

test('of text whose bytes would have to be counted nobody is sure', () => {
  const of = (userId: string) => create(issue.input, { device: { ...device, userId } });
  expect(surelyValid(issue.input)(of('x'.repeat(85)))).toBe(true);
  expect(surelyValid(issue.input)(of('x'.repeat(86)))).toBe(false);
});
