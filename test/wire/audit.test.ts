import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  readonly request_id: string;
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
  await vi.waitFor(() => expect(trail().map(({ event }) => event)).toEqual(expected), {
    timeout: 15_000,
  });
  for (const line of trail()) {
    expect(line).toMatchObject({ v: 1, outcome: 'ok', caller: 'admin' });
    expect(line.request_id).not.toBe('');
  }
  const text = readFileSync(file, 'utf8');
  for (const secret of [first.accessToken, refreshToken, server.adminKey]) {
    expect(text).not.toContain(secret);
  }
});
