import { create, type DescMethodUnary, toBinary } from '@bufbuild/protobuf';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickWriterOf } from './quick-writer.ts';

/** Of whichever message. */
type Init = Readonly<Record<string, unknown>>;

const { issue, refresh, revoke, validate } = TokenService.method;
const uuid = '0192f0c4-7b7e-7000-8000-000000000000';
const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const time = { seconds: 1_700_000_000n, nanos: 123_000_000 };

const tokens = {
  accessToken: 'x'.repeat(600),
  refreshToken: 'y'.repeat(400),
  tokenId: uuid,
  sessionId: uuid,
  accessExpireTime: time,
  refreshExpireTime: time,
  expiresIn: { seconds: 900n },
};

const verdict = {
  active: true,
  verdict: 1,
  source: 2,
  token: { ...device, tokenId: uuid },
  sessionId: uuid,
  scopes: ['read', 'write'],
  issueTime: time,
  expireTime: time,
  revision: 12_345n,
  audiences: ['https://api.example'],
  claims: {},
};
const longest = { ...tokens, accessToken: 'x'.repeat(4_000), refreshToken: 'y'.repeat(4_000) };

test.each<[string, DescMethodUnary, Init]>([
  ['Issue', issue, { tokens, revision: 12_345n }],
  ['Issue with a session superseded', issue, { tokens, supersededSessionId: uuid }],
  ['Issue with long tokens', issue, { tokens: longest, revision: 12_345n }],
  ['Refresh', refresh, { tokens, revision: 12_345n }],
  ['Refresh within the grace window', refresh, { tokens, replayed: true, revision: 12_345n }],
  ['Revoke', revoke, { revokedCount: 1, revision: 12_345n, durability: {} }],
  ['Revoke, durably', revoke, { revision: 9n, durability: { replicas: 2, fsync: true } }],
  ['Validate', validate, verdict],
])('an ordinary answer of %s is plain', (_what, method, init) => {
  const message = create(method.output, init);
  const expected = Buffer.from(toBinary(method.output, message));
  expect(quickWriterOf(method)(message)).toEqual(expected);
});
