import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { until } from '../../setup/until.ts';
import { failureOf, reasonOf } from '../../wire/failure.ts';
import {
  newDevice as deviceOf,
  issued,
  refreshed,
  type Tokens,
  verdictOf,
} from '../../wire/issued.ts';

let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer({
    SIGNUM_SUPERSEDE_POLICY: 'supersede',
    SIGNUM_SUPERSEDE_POLICY_TENANTS: 'bank=require_proof, kiosk=deny_new',
  });
  tokens = server.client(TokenService);
});
afterAll(() => server.close());

const { SUPERSEDE, DENY_NEW, REQUIRE_PROOF } = SupersedePolicy;

/** Where a policy comes from: the deployment, the tenant, or the call, which wins over the others. */
const SOURCES = {
  SUPERSEDE: [
    ['the deployment', 'acme', undefined],
    ['a call in a tenant that denies', 'kiosk', SUPERSEDE],
    ['a call in a tenant that wants proof', 'bank', SUPERSEDE],
  ],
  DENY_NEW: [
    ['the tenant', 'kiosk', undefined],
    ['a call', 'acme', DENY_NEW],
    ['a call in a tenant that wants proof', 'bank', DENY_NEW],
  ],
  REQUIRE_PROOF: [
    ['the tenant', 'bank', undefined],
    ['a call', 'acme', REQUIRE_PROOF],
    ['a call in a tenant that denies', 'kiosk', REQUIRE_PROOF],
  ],
} as const;

describe.each(SOURCES.SUPERSEDE)('SUPERSEDE by %s', (_, tenantId, policy) => {
  const wish = policy === undefined ? {} : { policy };

  test('the new session takes the place of the old, whose tokens say by what they ended', async () => {
    const device = deviceOf({ tenantId });
    const old = await issued(tokens, device, wish);
    const answer = await tokens.issue({ device, ...wish });
    expect(answer.supersededSessionId).toBe(old.sessionId);
    expect(await verdictOf(tokens, old.accessToken)).toBe('SUPERSEDED');
    expect(await verdictOf(tokens, answer.tokens?.accessToken ?? '')).toBe('ACTIVE');
    const failure = await failureOf(tokens.refresh({ refreshToken: old.refreshToken }));
    expect(failure).toMatchObject({
      reason: 'SESSION_REVOKED',
      metadata: { revocation_reason: 'SUPERSEDED' },
    });
  });
});

describe.each(SOURCES.DENY_NEW)('DENY_NEW by %s', (_, tenantId, policy) => {
  const wish = policy === undefined ? {} : { policy };

  test('the session on the device stays and the new one is refused, until the old has ended', async () => {
    const device = deviceOf({ tenantId });
    const old = await issued(tokens, device, wish);
    expect(await failureOf(tokens.issue({ device, ...wish }))).toMatchObject({
      code: 'AlreadyExists',
      reason: 'SESSION_EXISTS',
    });
    expect(await verdictOf(tokens, old.accessToken)).toBe('ACTIVE');
    await tokens.revoke({ subject: { case: 'token', value: old.refreshToken } });
    expect((await tokens.issue({ device, ...wish })).supersededSessionId).toBe('');
  });

  test('a session that has expired is in nobody’s way', async () => {
    const device = deviceOf({ tenantId });
    const lifetime = { seconds: 1n };
    await issued(tokens, device, { ...wish, accessLifetime: lifetime, refreshLifetime: lifetime });
    await until('the device is free', () =>
      tokens.issue({ device, ...wish }).then(
        () => true,
        () => false,
      ),
    );
  });

  test('of sixteen logins at once on a free device exactly one succeeds', async () => {
    const device = deviceOf({ tenantId });
    const logins = Array.from({ length: 16 }, () => tokens.issue({ device, ...wish }));
    const settled = await Promise.allSettled(logins);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = logins.filter((__, i) => settled[i]?.status === 'rejected');
    expect(new Set(await Promise.all(refused.map(reasonOf)))).toEqual(new Set(['SESSION_EXISTS']));
  });
});

describe.each(SOURCES.REQUIRE_PROOF)('REQUIRE_PROOF by %s', (_, tenantId, policy) => {
  const wish = policy === undefined ? {} : { policy };

  test('the current refresh token of the device lets its holder take over, and nothing else', async () => {
    const device = deviceOf({ tenantId });
    const first = await issued(tokens, device, wish);
    const current = await refreshed(tokens, first.refreshToken);
    const other = await issued(tokens, deviceOf({ tenantId, userId: device.userId }), wish);
    const proofs = {
      'no proof': '',
      'an access token': current.accessToken,
      'the refresh token before': first.refreshToken,
      "another device's refresh token": other.refreshToken,
      'no token at all': 'x.y.z',
      'a changed signature': `${current.refreshToken.slice(0, -4)}AAAA`,
    };
    for (const [name, proof] of Object.entries(proofs)) {
      const failure = await failureOf(tokens.issue({ device, ...wish, proof }));
      expect(failure, name).toMatchObject({ code: 'FailedPrecondition', reason: 'PROOF_REQUIRED' });
    }
    expect(await verdictOf(tokens, current.accessToken)).toBe('ACTIVE');

    const taken = await tokens.issue({ device, ...wish, proof: current.refreshToken });
    expect(taken.supersededSessionId).toBe(current.sessionId);
    expect(await verdictOf(tokens, current.accessToken)).toBe('SUPERSEDED');
  });

  test('a proof serves once: the session that it proves is gone afterwards', async () => {
    const device = deviceOf({ tenantId });
    const { refreshToken: proof } = await issued(tokens, device, wish);
    const settled = await Promise.allSettled(
      Array.from({ length: 8 }, () => tokens.issue({ device, ...wish, proof })),
    );
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('a device whose session was revoked needs no proof', async () => {
    const device = deviceOf({ tenantId });
    await issued(tokens, device, wish);
    await tokens.revoke({ subject: { case: 'device', value: device } });
    expect((await tokens.issue({ device, ...wish })).supersededSessionId).toBe('');
  });
});

test('whoever is refused learns nothing of the session that is in the way', async () => {
  const device = deviceOf({ tenantId: 'bank' });
  await issued(tokens, device);
  for (const policy of [DENY_NEW, REQUIRE_PROOF]) {
    const { metadata, retryAfterMs } = await failureOf(tokens.issue({ device, policy }));
    expect({ metadata, retryAfterMs }).toEqual({ metadata: {}, retryAfterMs: undefined });
  }
});
