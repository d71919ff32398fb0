import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf, reasonOf } from './failure.ts';
import { issued, newDevice, type Tokens } from './issued.ts';

let server: TestServer;
let tokens: Tokens;

beforeAll(async () => {
  server = await startTestServer();
  tokens = server.client(TokenService);
});
afterAll(() => server.close());

describe('listing sessions', () => {
  const DEVICES = Array.from({ length: 75 }, (_, i) => `dévice:${String(i).padStart(3, '0')}`);

  async function userWithManyDevices() {
    const { tenantId, userId } = newDevice();
    await Promise.all(DEVICES.map((deviceId) => issued(tokens, { tenantId, userId, deviceId })));
    return { tenantId, userId };
  }

  test.each([1, 7, 75, 100, 0])('by pages of %i gives each device once', async (pageSize) => {
    const user = await userWithManyDevices();
    const seen: string[] = [];
    let pageToken = '';
    let pages = 0;
    do {
      const page = await tokens.listSessions({ ...user, pageSize, pageToken });
      expect(page.sessions.length).toBeLessThanOrEqual(pageSize || 50);
      expect(page.totalSize).toBe(75);
      seen.push(...page.sessions.map(({ device }) => device?.deviceId ?? ''));
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== '');
    expect(seen).toEqual(DEVICES);
    expect(pages).toBe(Math.ceil(75 / (pageSize || 50)));
  });

  test('goes on after a device that has gone meanwhile', async () => {
    const user = await userWithManyDevices();
    const first = await tokens.listSessions({ ...user, pageSize: 10 });
    const last = first.sessions.at(-1)?.device;
    await tokens.revoke({ subject: { case: 'device', value: last! } });
    const second = await tokens.listSessions({
      ...user,
      pageSize: 10,
      pageToken: first.nextPageToken,
    });
    expect(second.sessions[0]?.device?.deviceId).toBe(DEVICES[10]);
    expect(second.totalSize).toBe(74);
  });

  test('refuses a page token of another user’s list, or of nobody’s', async () => {
    const user = await userWithManyDevices();
    const { nextPageToken } = await tokens.listSessions({ ...user, pageSize: 10 });
    const stranger = newDevice();
    const { tenantId, userId } = stranger;
    const bad = [
      tokens.listSessions({ tenantId, userId, pageToken: nextPageToken }),
      tokens.listSessions({ ...user, pageToken: `${nextPageToken}A` }),
      tokens.listSessions({ ...user, pageToken: 'AA' }),
    ];
    const reasons = await Promise.all(bad.map(reasonOf));
    expect(reasons).toEqual(bad.map(() => 'PAGE_TOKEN_INVALID'));
    const tooMany = await failureOf(tokens.listSessions({ ...user, pageSize: 101 }));
    expect(tooMany).toMatchObject({ reason: 'INVALID_FIELD', metadata: { field: 'page_size' } });
  });
});

test('listing callers by pages gives each once, by name, and none of their secrets', async () => {
  const callers = server.client(CallerService);
  const names = Array.from({ length: 7 }, (_, i) => `lister-${i}`);
  const permissions = [Permission.LIST];
  for (const name of names) await callers.createCaller({ name, permissions, tenants: ['acme'] });
  const seen: string[] = [];
  let pageToken = '';
  do {
    const page = await callers.listCallers({ pageSize: 3, pageToken });
    seen.push(...page.callers.map(({ name }) => name));
    for (const { keys } of page.callers) {
      for (const key of keys) expect(Object.keys(key)).not.toContain('hash');
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(seen).toEqual(names);
});

describe('min_revision', () => {
  test('of a revocation is met by every validation after it', async () => {
    const device = newDevice();
    const { accessToken } = await issued(tokens, device);
    const { revision } = await tokens.revoke({ subject: { case: 'device', value: device } });
    expect(revision).toBeGreaterThan(0n);
    const subject = { case: 'token', value: accessToken } as const;
    const answer = await tokens.validate({ subject, minRevision: revision });
    expect(answer.active).toBe(false);
    expect(answer.revision).toBeGreaterThanOrEqual(revision);
  });

  test('beyond what the store has is refused, by token and by ids, for this item only', async () => {
    const device = newDevice();
    const { accessToken, tokenId } = await issued(tokens, device);
    const subject = { case: 'token', value: accessToken } as const;
    const ids = { case: 'ids', value: { ...device, tokenId } } as const;
    const { revision } = await tokens.validate({ subject });
    const minRevision = revision + 1_000n;
    for (const each of [subject, ids]) {
      const failure = await failureOf(tokens.validate({ subject: each, minRevision }));
      expect(failure).toMatchObject({
        code: 'Unavailable',
        reason: 'STALE_REVISION',
        retryAfterMs: 100,
      });
      expect(Number(failure.metadata['revision'])).toBeGreaterThanOrEqual(Number(revision));
    }
    const { results } = await tokens.batchValidate({
      items: [{ subject, minRevision }, { subject }],
    });
    expect(results.map(({ result }) => result.case)).toEqual(['error', 'response']);
  });
});
