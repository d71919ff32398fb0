import { create, toBinary } from '@bufbuild/protobuf';
import {
  RefreshRequestSchema,
  RevokeRequestSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { until } from '../../setup/until.ts';
import { reasonOf } from '../../wire/failure.ts';
import { DOORS, type Knock, knock } from './doors.ts';

const MIB = 1024 * 1024;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const refreshOf = (refreshToken: string): Knock => ({
  method: 'TokenService/Refresh',
  json: JSON.stringify({ refreshToken }),
  binary: toBinary(RefreshRequestSchema, create(RefreshRequestSchema, { refreshToken })),
});

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

describe.each(DOORS)('by %s', (door) => {
  test.each([
    ['a batch', 'TokenService/BatchValidate'],
    ['a stream of batches', 'TokenService/ValidateStream'],
    ['an issue', 'TokenService/Issue'],
    ['a change of the keys', 'KeyService/RotateKey'],
  ])('%s of a stranger is refused before its message has come', async (what, method) => {
    // Streams need HTTP/2, and a protocol of streams.
    if (what.startsWith('a stream') && (door.startsWith('Connect') || door.includes('1.1'))) return;
    const { reason } = await knock(server, door, { method, missingBytes: 2 * MIB - 64 });
    expect(reason).toBe('CREDENTIAL_MISSING');
  });

  test('so is one with a bad credential, and one whose caller may not', async () => {
    const method = 'TokenService/BatchValidate';
    const missingBytes = MIB;
    const bad = await knock(server, door, { method, missingBytes, headers: bearer('sgn_x') });
    expect(bad.reason).toBe('CREDENTIAL_INVALID');
    const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
    const { tokens } = await server.client(TokenService).issue({ device });
    const headers = bearer(tokens?.accessToken ?? '');
    const user = await knock(server, door, { method, missingBytes, headers });
    expect(user.reason).toBe('PERMISSION_DENIED');
  });

  test('what a stranger presents may be a token, and not much more', async () => {
    const longest = await knock(server, door, refreshOf('x'.repeat(4_096)));
    expect(longest.reason).toBe('TOKEN_INVALID');
    const longer = await knock(server, door, refreshOf('x'.repeat(9_000)));
    expect(longer.reason).toBe('MESSAGE_TOO_LARGE');
    const announced = await knock(server, door, {
      method: 'TokenService/Refresh',
      missingBytes: MIB,
    });
    expect(announced.reason).toBe('MESSAGE_TOO_LARGE');
    const known = { ...refreshOf('x'.repeat(9_000)), headers: bearer(server.adminKey) };
    expect((await knock(server, door, known)).reason).toBe('INVALID_FIELD');
  });

  test('two credentials in one request are refused, wherever they stand', async () => {
    const one = `Bearer ${server.adminKey}`;
    for (const authorization of [
      [one, one],
      ['Bearer x', one],
      `${one}, ${one}`,
      `${one},Bearer x`,
    ]) {
      for (const sent of [refreshOf('x'), { method: 'KeyService/GetJwks' }]) {
        const { reason, text } = await knock(server, door, { ...sent, headers: { authorization } });
        expect([reason, text.includes(server.adminKey)]).toEqual(['INVALID_FIELD', false]);
      }
    }
  });

  test('a time-out is read as every door reads it', async () => {
    const header = door.startsWith('gRPC') ? 'grpc-timeout' : 'connect-timeout-ms';
    const ill = door.startsWith('gRPC')
      ? ['-1S', 'abc', '1', 'S', '1s', '123456789S', '1 S', '1.5S', '1S, 2S', '']
      : ['-1', 'abc', '1s', '12345678901', '1.5', '1, 2', ''];
    const good = door.startsWith('gRPC')
      ? ['597H', '1193H', '99999999H', '99999999S', '2147484S', '5S']
      : ['2147483648', '4294967297', '9999999999', '5000'];
    for (const value of ill) {
      const { reason } = await knock(server, door, {
        ...refreshOf('x'),
        headers: { [header]: value },
      });
      expect([value, reason]).toEqual([value, 'INVALID_FIELD']);
    }
    for (const value of good) {
      const { reason } = await knock(server, door, {
        ...refreshOf('x'),
        headers: { [header]: value },
      });
      expect([value, reason]).toEqual([value, 'TOKEN_INVALID']);
    }
  });

  test('the time-out of another protocol is refused, good or not', async () => {
    const other = door.startsWith('gRPC') ? 'connect-timeout-ms' : 'grpc-timeout';
    for (const value of ['5000', '5S', '']) {
      const sent = { ...refreshOf('x'), headers: { [other]: value } };
      const { reason, text } = await knock(server, door, sent);
      expect(reason).toBe('INVALID_FIELD');
      expect(decodeURIComponent(text)).toContain(`${other}: must be `);
    }
  });

  test('a query is no part of a call, and says so by its name', async () => {
    const method = 'TokenService/Refresh';
    for (const query of ['x=1', 'x', 'x=%zz', 'x=1&y=2', 'x=%00']) {
      const sent = { ...refreshOf('y'), method: `${method}?${query}` };
      const { reason, text } = await knock(server, door, sent);
      expect([query, reason]).toEqual([query, 'INVALID_FIELD']);
      expect(decodeURIComponent(text)).toContain('query.x: is no parameter of this call');
    }
    const empty = await knock(server, door, { ...refreshOf('y'), method: `${method}?` });
    expect(empty.reason).toBe('TOKEN_INVALID');
    const before = await knock(server, door, { method: 'KeyService/ListKeys?x=1' });
    expect(before.reason).toBe('CREDENTIAL_MISSING');
  });

  test('the key of a gateway is refused where it is not read', async () => {
    const sent = { ...refreshOf('x'), headers: { 'x-signum-key': 'sgn_x' } };
    const { reason, text } = await knock(server, door, sent);
    expect([reason, text.includes('sgn_x')]).toEqual(['INVALID_FIELD', false]);
  });

  test('a message that is half there ends after its time', { timeout: 30_000 }, async () => {
    const half = { ...refreshOf('x'), missingBytes: 100 };
    const known = { ...half, headers: bearer(server.adminKey) };
    const [first, second] = await Promise.all([
      knock(server, door, half),
      knock(server, door, known),
    ]);
    const isEnd = /DEADLINE_EXCEEDED|HTTP\/1.1 408/;
    expect(`${first.reason} ${first.text}`).toMatch(isEnd);
    expect(`${second.reason} ${second.text}`).toMatch(isEnd);
  });
});

test('an app whose access token has ended may still refresh and log out', async () => {
  const tokens = server.client(TokenService);
  const device = { tenantId: 'acme', userId: 'u2', deviceId: 'phone' };
  const { tokens: pair } = await tokens.issue({ device });
  await tokens.revokeUser({ tenantId: 'acme', userId: 'u2' });
  const stale = server.client(TokenService, pair?.accessToken ?? '');
  await until('the token has ended', async () => {
    const reason = await reasonOf(stale.listSessions({ tenantId: 'acme', userId: 'u2' }));
    return reason === 'CREDENTIAL_INVALID';
  });
  const refreshToken = pair?.refreshToken ?? '';
  expect(await reasonOf(stale.refresh({ refreshToken }))).toBe('SESSION_REVOKED');
  const message = create(RevokeRequestSchema, {
    subject: { case: 'device', value: device },
  });
  expect(await reasonOf(stale.revoke(message))).toBe('CREDENTIAL_INVALID');
});
