import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf } from '../wire/failure.ts';
import { httpsRequest } from '../wire/https-request.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';
import { startAnother } from './another-server.ts';

const LIMIT = 3;
const WRONG_ISSUER = 10;

let first: TestServer;
let second: TestServer;
let before: Tokens;
let after: Tokens;

beforeAll(async () => {
  first = await startTestServer({ SIGNUM_MAX_DEVICES: String(LIMIT) });
  second = await startAnother({
    ...first,
    env: { ...first.env, SIGNUM_ISSUER: 'https://renamed.signum.test' },
  });
  before = first.client(TokenService);
  after = second.client(TokenService);
});
afterAll(async () => {
  await second?.close();
  await first?.close();
});

function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(
    () => 'OK',
    async () => (await failureOf(call)).reason,
  );
}

async function introspected(at: TestServer, token: string): Promise<unknown> {
  const { body } = await httpsRequest(at, '/oauth2/introspect', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${at.adminKey}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: `token=${token}`,
  });
  return (JSON.parse(body) as { active: unknown }).active;
}

/** What each way of asking about a session says. */
async function answersOf(at: TestServer, device: ReturnType<typeof newDevice>, pair: Pair) {
  const tokens = at.client(TokenService);
  const ids = { ...device, tokenId: pair.tokenId };
  const byIds = await tokens.validate({ subject: { case: 'ids', value: ids } });
  const { results } = await tokens.batchValidate({
    items: [{ subject: { case: 'ids', value: ids } }],
  });
  const { sessions, totalSize } = await tokens.listSessions(device);
  return {
    byToken: await verdictOf(tokens, pair.accessToken),
    byIds: byIds.active,
    inBatch: results[0]?.result.case === 'response' && results[0].result.value.active,
    introspected: await introspected(at, pair.accessToken),
    got: await reasonOf(tokens.getSession({ device })),
    listed: [sessions.length, totalSize],
    asUser: await reasonOf(at.client(TokenService, pair.accessToken).listSessions(device)),
  };
}

type Pair = Awaited<ReturnType<typeof issued>>;

const GOOD = {
  ...{ byToken: 'ACTIVE', byIds: true, inBatch: true, introspected: true, got: 'OK' },
  ...{ listed: [1, 1], asUser: 'OK' },
};
const DEAD = {
  ...{ byToken: 'WRONG_ISSUER', byIds: false, inBatch: false, introspected: false },
  ...{ got: 'SESSION_NOT_FOUND', listed: [0, 0], asUser: 'CREDENTIAL_INVALID' },
};

describe('a session of another issuer', () => {
  test('is good nowhere, by token or by ids, and each server knows its own', async () => {
    for (const [own, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const device = newDevice();
      const pair = await issued(own.client(TokenService), device);
      expect(await answersOf(own, device, pair)).toEqual(GOOD);
      expect(await answersOf(other, device, pair)).toEqual(DEAD);
      const ids = { ...device, tokenId: pair.tokenId };
      const { verdict } = await other
        .client(TokenService)
        .validate({ subject: { case: 'ids', value: ids } });
      expect(verdict).toBe(WRONG_ISSUER);
      const refresh = other.client(TokenService).refresh({ refreshToken: pair.refreshToken });
      expect(await reasonOf(refresh)).toBe('TOKEN_INVALID');
      const next = await refreshed(own.client(TokenService), pair.refreshToken);
      expect(await answersOf(own, device, next)).toEqual(GOOD);
      expect(await answersOf(other, device, next)).toEqual(DEAD);
    }
  });

  test('does not hold its device, and is ended by who takes it', async () => {
    const device = newDevice();
    const old = await issued(before, device);
    const next = await issued(after, device, { policy: SupersedePolicy.DENY_NEW });
    expect(await answersOf(second, device, next)).toEqual(GOOD);
    expect(await verdictOf(before, old.accessToken)).toBe('SUPERSEDED');
  });

  test('is not what a repeated Issue answers with', async () => {
    const device = newDevice();
    const wish = { requestId: crypto.randomUUID() };
    await issued(before, device, wish);
    expect(await reasonOf(issued(after, device, wish))).toBe('SESSION_REVOKED');
  });

  test.each([
    ['old', 'new'],
    ['new', 'old'],
  ])('does not count among the devices of a user: %s ones, then %s', async (...order) => {
    const [earlier, later] = order[0] === 'old' ? [first, second] : [second, first];
    const { userId } = newDevice();
    const begin = (at: TestServer, deviceId: string) =>
      issued(at.client(TokenService), { tenantId: 'acme', userId, deviceId });
    if (later === first) {
      // Who has run since before there was another issuer learns of it when started again.
      const again = await startAnother(first);
      for (let i = 0; i < LIMIT; i += 1) await begin(earlier, `earlier-${i}`);
      await begin(again, 'later');
      return again.close();
    }
    for (let i = 0; i < LIMIT; i += 1) await begin(earlier, `earlier-${i}`);
    for (let i = 0; i < LIMIT; i += 1) await begin(later, `later-${i}`);
    expect(await reasonOf(begin(later, 'too-many'))).toBe('DEVICE_LIMIT');
    const { totalSize } = await after.listSessions({ tenantId: 'acme', userId });
    expect(totalSize).toBe(LIMIT);
  });

  test('is ended by a logout everywhere like any other', async () => {
    const device = newDevice();
    const pair = await issued(before, device);
    expect((await after.revokeUser(device)).revokedCount).toBe(1);
    expect(await verdictOf(before, pair.accessToken)).toBe('REVOKED');
  });
});
