import { RevocationReason, type TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import { ValidationSource, Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import type { DeviceRef, TokenRef } from '@signum/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';

let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_SWEEP_INTERVAL: '100ms' });
  tokens = server.client(TokenService);
});
afterAll(() => server.close());

async function verdictOfIds(ids: TokenRef): Promise<string> {
  const { verdict } = await tokens.validate({ subject: { case: 'ids', value: ids } });
  return Verdict[verdict];
}

describe('R6 validation by ids and by the presented token', () => {
  let device: DeviceRef;
  let pair: TokenPair;
  let ids: TokenRef;

  beforeAll(async () => {
    device = newDevice();
    pair = await issued(tokens, device, { scopes: ['read'], claims: { plan: 'gold' } });
    ids = { ...device, tokenId: pair.tokenId };
  });

  test('R6 both say the same of the token', async () => {
    const byToken = await tokens.validate({ subject: { case: 'token', value: pair.accessToken } });
    const byIds = await tokens.validate({ subject: { case: 'ids', value: ids } });
    expect(byIds).toEqual(byToken);
    expect(byToken).toMatchObject({
      active: true,
      verdict: Verdict.ACTIVE,
      source: ValidationSource.STORE,
      token: ids,
      sessionId: pair.sessionId,
      scopes: ['read'],
      claims: { plan: 'gold' },
    });
  });

  test.each(['tenantId', 'userId', 'deviceId'] as const)(
    'R6 the token is unknown under another %s',
    async (field) => {
      expect(await verdictOfIds({ ...ids, [field]: 'another' })).toBe('UNKNOWN');
    },
  );

  test('R6 another token id is unknown on the device', async () => {
    const tokenId = '01890000-0000-7000-8000-000000000000';
    expect(await verdictOfIds({ ...ids, tokenId })).toBe('UNKNOWN');
  });

  test('R6 a token that is not exactly as signed is refused on sight', async () => {
    const [header, payload = '', signature = ''] = pair.accessToken.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
    expect(await verdictOf(tokens, `${header}.${forged}.${signature}`)).toBe('BAD_SIGNATURE');
    const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await verdictOf(tokens, `${header}.${payload}.${flipped}`)).toBe('BAD_SIGNATURE');
    expect(await verdictOf(tokens, `${header}.${payload}.`)).toBe('MALFORMED');
    expect(await verdictOf(tokens, `${pair.accessToken}=`)).toBe('MALFORMED');
    expect(await verdictOf(tokens, 'x'.repeat(5_000))).toBe('MALFORMED');
  });

  test('R6 requirements that the token does not meet are told apart', async () => {
    const subject = { case: 'token', value: pair.accessToken } as const;
    const scope = await tokens.validate({ subject, requiredScopes: ['read', 'write'] });
    expect([scope.active, scope.verdict]).toEqual([false, Verdict.INSUFFICIENT_SCOPE]);
    const audience = await tokens.validate({ subject, audience: 'elsewhere' });
    expect([audience.active, audience.verdict]).toEqual([false, Verdict.WRONG_AUDIENCE]);
    expect((await tokens.validate({ subject, requiredScopes: ['read'] })).active).toBe(true);
  });
});

describe('R7 validation confirms that a token has not expired and is not revoked', () => {
  test('R7 an expired token is EXPIRED, also by its ids', async () => {
    const device = newDevice();
    const second = { seconds: 1n };
    const pair = await issued(tokens, device, { accessLifetime: second });
    await expect
      .poll(() => verdictOf(tokens, pair.accessToken), { timeout: 10_000 })
      .toBe('EXPIRED');
    expect(await verdictOfIds({ ...device, tokenId: pair.tokenId })).toBe('EXPIRED');
    // The session lives on: only its access token was over.
    expect(await verdictOf(tokens, (await refreshed(tokens, pair.refreshToken)).accessToken)).toBe(
      'ACTIVE',
    );
  });

  test.each([
    ['LOGOUT', RevocationReason.UNSPECIFIED],
    ['LOGOUT', RevocationReason.LOGOUT],
    ['ADMIN', RevocationReason.ADMIN],
  ] as const)('R7 a revoked token is REVOKED for its reason: %s', async (name, reason) => {
    const device = newDevice();
    const { accessToken } = await issued(tokens, device);
    await tokens.revoke({ subject: { case: 'device', value: device }, reason });
    const answer = await tokens.validate({ subject: { case: 'token', value: accessToken } });
    expect(answer).toMatchObject({
      active: false,
      verdict: Verdict.REVOKED,
      revocationReason: RevocationReason[name],
    });
  });

  test('R7 a token that a refresh replaced is REVOKED as ROTATED', async () => {
    const { accessToken, refreshToken } = await issued(tokens, newDevice());
    await refreshed(tokens, refreshToken);
    const answer = await tokens.validate({ subject: { case: 'token', value: accessToken } });
    expect(answer.verdict).toBe(Verdict.REVOKED);
    expect(answer.revocationReason).toBe(RevocationReason.ROTATED);
  });

  test('R7 a token of a revoked tenant is REVOKED, a later one is not', async () => {
    const device = newDevice({ tenantId: 'doomed' });
    const { accessToken, refreshToken } = await issued(tokens, device);
    await tokens.revokeTenant({ tenantId: 'doomed' });
    const answer = await tokens.validate({ subject: { case: 'token', value: accessToken } });
    expect(answer.revocationReason).toBe(RevocationReason.TENANT);
    await expect(tokens.refresh({ refreshToken })).rejects.toThrow();
    const later = await issued(tokens, device);
    expect(await verdictOf(tokens, later.accessToken)).toBe('ACTIVE');
  });
});
