import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  CallerService,
  KeyService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';
import { issued, newDevice } from './issued.ts';

const folder = mkdtempSync(join(tmpdir(), 'signum-audit-'));
const file = join(folder, 'audit.jsonl');
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_AUDIT: file, SIGNUM_REFRESH_GRACE: '0s' });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Line {
  readonly v: number;
  readonly event: string;
  readonly outcome: string;
  readonly caller: string;
  readonly request_id?: string;
  readonly tenant_id?: string;
  readonly user_id?: string;
  readonly session_id?: string;
  readonly method?: string;
  readonly reason?: string;
  readonly count?: number;
}

function trail(): Line[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

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
        trail()
          .filter(({ outcome }) => outcome === 'ok')
          .map(({ event }) => event),
      ).toEqual(expected),
    {
      timeout: 15_000,
    },
  );
  for (const line of trail().filter(({ outcome }) => outcome === 'ok')) {
    expect(line).toMatchObject({ v: 1, caller: 'admin' });
    expect(line.request_id).not.toBe('');
  }
  const text = readFileSync(file, 'utf8');
  for (const secret of [first.accessToken, refreshToken, server.adminKey]) {
    expect(text).not.toContain(secret);
  }
});

/** The lines that a call brings. */
async function linesOf(call: () => Promise<unknown>, count: number): Promise<Line[]> {
  const before = trail().length;
  await call();
  await vi.waitFor(() => expect(trail().length).toBeGreaterThanOrEqual(before + count), {
    timeout: 15_000,
  });
  return trail().slice(before);
}

test('a change that a caller may not make is told as denied', async () => {
  const callers = server.client(CallerService);
  let apiKey = '';
  await linesOf(async () => {
    ({ apiKey } = await callers.createCaller({
      name: 'validator',
      permissions: [Permission.VALIDATE],
      tenants: ['acme'],
    }));
  }, 1);
  const tokens = server.client(TokenService, apiKey);
  await vi.waitFor(() => tokens.batchValidate({ items: [{}] }), { timeout: 15_000 });
  const refused = () => expect(tokens.revokeTenant({ tenantId: 'acme' })).rejects.toThrow();
  expect(await linesOf(refused, 1)).toEqual([
    expect.objectContaining({
      event: 'revoke_tenant',
      outcome: 'denied',
      caller: 'validator',
      method: 'signum.v1.TokenService/RevokeTenant',
      reason: 'PERMISSION_DENIED',
      request_id: expect.any(String),
    }),
  ]);
});

test('a change that comes to nothing is told as failed', async () => {
  const tokens = server.client(TokenService);
  const refused = () =>
    expect(tokens.issue({ device: newDevice(), audiences: ['nobody'] })).rejects.toThrow();
  const [line] = await linesOf(refused, 1);
  expect(line).toMatchObject({ event: 'issue', outcome: 'failed', reason: 'INVALID_FIELD' });
});

test('a revocation whose durability is not confirmed is told, with whom it was about', async () => {
  const tokens = server.client(TokenService);
  const device = newDevice();
  await linesOf(() => issued(tokens, device), 1);
  const durability = { replicas: 16, fsync: false };
  const { tenantId, userId } = device;
  for (const [event, call] of [
    ['revoke', () => tokens.revoke({ subject: { case: 'device', value: device }, durability })],
    ['revoke_user', () => tokens.revokeUser({ tenantId, userId, durability })],
    ['revoke_tenant', () => tokens.revokeTenant({ tenantId, durability })],
  ] as const) {
    const lines = await linesOf(() => expect(call()).rejects.toThrow(), 1);
    const [line, ...rest] = lines.filter(({ outcome }) => outcome === 'failed');
    expect(rest).toEqual([]);
    expect(line).toMatchObject({
      event,
      outcome: 'failed',
      reason: 'DURABILITY_UNCONFIRMED',
      tenant_id: tenantId,
      ...(event !== 'revoke_tenant' && { user_id: userId }),
    });
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
  const lines = await linesOf(async () => {
    for (let n = 0; n < 3; n++) await tokens.issue(request);
    await tokens.revoke({ subject: { case: 'device', value: request.device } });
  }, 2);
  expect(lines.map(({ event }) => event)).toEqual(['issue', 'revoke']);
  expect(await count()).toBe(before + 1);
});

test('strangers cannot fill the trail, and are counted in it', async () => {
  const wrong = server.client(TokenService, `sgn_Ab12Cd34Ef56_${'x'.repeat(43)}`);
  const nobody = server.client(TokenService, null);
  const before = trail().length;
  for (let n = 0; n < 50; n++) {
    await expect(wrong.revokeTenant({ tenantId: `t${n}` })).rejects.toThrow();
    await expect(nobody.issue({ device: newDevice() })).rejects.toThrow();
    await expect(nobody.refresh({ refreshToken: `x.y.${n}` })).rejects.toThrow();
    await expect(wrong.listSessions({ tenantId: 'acme', userId: `${n}` })).rejects.toThrow();
  }
  await server.close();
  const lines = trail().slice(before);
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
