import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  CallerService,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { newTrail } from './audit-trail.ts';
import { issued, newDevice } from './issued.ts';

const trail = newTrail();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_AUDIT: trail.file, SIGNUM_REFRESH_GRACE: '0s' });
});
afterAll(async () => {
  await server.close();
  trail.remove();
});

test('every change of sessions, keys and callers stands in the audit trail, and no token does', async () => {
  const tokens = server.client(TokenService);
  const keys = server.client(KeyService);
  const callers = server.client(CallerService);
  const device = newDevice();
  const first = await issued(tokens, device);
  await issued(tokens, device);
  const { refreshToken } = await issued(tokens, device);
  await tokens.refresh({ refreshToken });
  await expect(tokens.refresh({ refreshToken })).rejects.toThrow();
  await tokens.revoke({ subject: { case: 'device', value: device } });
  await tokens.revokeUser({ tenantId: device.tenantId, userId: device.userId });
  await tokens.revokeTenant({ tenantId: device.tenantId });
  const { key } = await keys.rotateKey({});
  await keys.revokeKey({ keyId: key?.keyId ?? '' });
  await callers.createCaller({ name: 'gateway', permissions: [3], tenants: ['acme'] });
  await callers.rotateCallerKey({ name: 'gateway' });
  await callers.setCallerDisabled({ name: 'gateway', disabled: true });
  await callers.setCallerDisabled({ name: 'gateway', disabled: false });
  await callers.deleteCaller({ name: 'gateway' });

  const expected = [
    ...['issue', 'supersede', 'issue', 'supersede', 'issue', 'refresh', 'reuse'],
    ...['revoke', 'revoke_user', 'revoke_tenant', 'key_rotate', 'key_revoke'],
    ...['caller_create', 'caller_rotate_key', 'caller_disable', 'caller_enable', 'caller_delete'],
  ];
  await vi.waitFor(
    () =>
      expect(
        trail
          .lines()
          .filter(({ outcome }) => outcome === 'ok')
          .map(({ event }) => event),
      ).toEqual(expected),
    {
      timeout: 15_000,
    },
  );
  for (const line of trail.lines().filter(({ outcome }) => outcome === 'ok')) {
    expect(line).toMatchObject({ v: 1, caller: 'admin' });
    expect(line.request_id).not.toBe('');
  }
  const text = readFileSync(trail.file, 'utf8');
  for (const secret of [first.accessToken, refreshToken, server.adminKey]) {
    expect(text).not.toContain(secret);
  }
});

test('an Issue that is repeated is told and counted once', async () => {
  const tokens = server.client(TokenService);
  const count = async () => {
    const text = await fetch(`${server.opsAddress}/metrics`).then((answer) => answer.text());
    return Number(/^signum_sessions_total\{event="issued"\} (\d+)/m.exec(text)?.[1]);
  };
  const before = await count();
  const request = { device: newDevice(), requestId: '0195517c-84a1-7cc0-b5f3-4b6a3c9d1e20' };
  const lines = await trail.linesOf(tokens, async () => {
    for (let n = 0; n < 3; n++) await tokens.issue(request);
    await tokens.revoke({ subject: { case: 'device', value: request.device } });
  });
  expect(lines.map(({ event }) => event)).toEqual(['issue', 'revoke']);
  expect(await count()).toBe(before + 1);
});

test('strangers cannot fill the trail, and are counted in it', async () => {
  const wrong = server.client(TokenService, `sgn_Ab12Cd34Ef56_${'x'.repeat(43)}`);
  const nobody = server.client(TokenService, null);
  const before = trail.lines().length;
  for (let n = 0; n < 50; n++) {
    await expect(wrong.revokeTenant({ tenantId: `t${n}` })).rejects.toThrow();
    await expect(nobody.issue({ device: newDevice() })).rejects.toThrow();
    await expect(nobody.refresh({ refreshToken: `x.y.${n}` })).rejects.toThrow();
    await expect(wrong.listSessions({ tenantId: 'acme', userId: `${n}` })).rejects.toThrow();
  }
  await server.close();
  const lines = trail.lines().slice(before);
  const counted = lines.map(({ event, outcome, reason, count = 1 }) => [
    event,
    outcome,
    reason,
    count,
  ]);
  expect(counted.sort()).toEqual(
    [
      ['call', 'denied', 'CREDENTIAL_INVALID', 1],
      ['call', 'denied', 'CREDENTIAL_INVALID', 49],
      ['issue', 'denied', 'CREDENTIAL_MISSING', 1],
      ['issue', 'denied', 'CREDENTIAL_MISSING', 49],
      ['refresh', 'failed', 'TOKEN_INVALID', 1],
      ['refresh', 'failed', 'TOKEN_INVALID', 49],
      ['revoke_tenant', 'denied', 'CREDENTIAL_INVALID', 1],
      ['revoke_tenant', 'denied', 'CREDENTIAL_INVALID', 49],
    ].sort(),
  );
});
