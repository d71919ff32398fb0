import { randomUUID } from 'node:crypto';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { type Failure, failureOf } from './failure.ts';
import { issued, newDevice, refreshed } from './issued.ts';
import { type Clients, clientsOf, PROTOCOLS, type Protocol } from './protocols.ts';

interface Case {
  readonly expected: readonly [code: string, metadata?: object, retryAfterMs?: number];
  /** Who calls; the admin by default. */
  readonly as?: 'nobody' | 'stranger' | 'validator';
  /** `as` makes the failing call; `admin` may prepare it. */
  provoke(clients: Clients, admin: Clients): Promise<unknown>;
}

const NO_SESSION = { revocation_reason: 'LOGOUT' };

/** One way to each reason, and what every protocol must tell of it. */
const CASES: Readonly<Record<string, Case>> = {
  INVALID_FIELD: {
    expected: ['InvalidArgument', { field: 'device', rule: 'value is required' }],
    provoke: ({ tokens }) => tokens.issue({}),
  },
  LIFETIME_TOO_LONG: {
    expected: ['InvalidArgument', { field: 'access_lifetime', max_ms: '900000' }],
    provoke: ({ tokens }) =>
      tokens.issue({ device: newDevice(), accessLifetime: { seconds: 901n } }),
  },
  PAGE_TOKEN_INVALID: {
    expected: ['InvalidArgument'],
    provoke: ({ tokens }) => tokens.listSessions({ ...user(), pageToken: 'nonsense' }),
  },
  CREDENTIAL_MISSING: {
    as: 'nobody',
    expected: ['Unauthenticated'],
    provoke: ({ tokens }) => tokens.issue({ device: newDevice() }),
  },
  CREDENTIAL_INVALID: {
    as: 'stranger',
    expected: ['Unauthenticated'],
    provoke: ({ tokens }) => tokens.issue({ device: newDevice() }),
  },
  PERMISSION_DENIED: {
    as: 'validator',
    expected: ['PermissionDenied', { permission: 'issue' }],
    provoke: ({ tokens }) => tokens.issue({ device: newDevice() }),
  },
  TOKEN_INVALID: {
    as: 'nobody',
    expected: ['Unauthenticated'],
    provoke: ({ tokens }) => tokens.refresh({ refreshToken: 'nonsense' }),
  },
  SESSION_REVOKED: {
    as: 'nobody',
    expected: ['Unauthenticated', NO_SESSION],
    async provoke({ tokens }, admin) {
      const { refreshToken } = await issued(admin.tokens, newDevice());
      await tokens.revoke({ subject: { case: 'token', value: refreshToken } });
      await tokens.refresh({ refreshToken });
    },
  },
  SESSION_NOT_FOUND: {
    expected: ['NotFound'],
    provoke: ({ tokens }) => tokens.getSession({ device: newDevice() }),
  },
  REFRESH_REUSED: {
    as: 'nobody',
    expected: ['Unauthenticated'],
    async provoke({ tokens }, admin) {
      const { refreshToken } = await issued(admin.tokens, newDevice());
      const second = await refreshed(tokens, refreshToken);
      await refreshed(tokens, second.refreshToken);
      await tokens.refresh({ refreshToken });
    },
  },
  SESSION_EXISTS: {
    expected: ['AlreadyExists'],
    async provoke({ tokens }) {
      const device = newDevice();
      await issued(tokens, device);
      await tokens.issue({ device, policy: SupersedePolicy.DENY_NEW });
    },
  },
  PROOF_REQUIRED: {
    expected: ['FailedPrecondition'],
    async provoke({ tokens }) {
      const device = newDevice();
      await issued(tokens, device);
      await tokens.issue({ device, policy: SupersedePolicy.REQUIRE_PROOF });
    },
  },
  DEVICE_LIMIT: {
    expected: ['ResourceExhausted', { max: '3' }],
    async provoke({ tokens }) {
      const device = newDevice();
      for (const deviceId of ['a', 'b', 'c']) await issued(tokens, { ...device, deviceId });
      await tokens.issue({ device });
    },
  },
  STALE_REVISION: {
    expected: ['Unavailable', { revision: expect.stringMatching(/^\d+$/) }, 100],
    async provoke({ tokens }) {
      const { accessToken } = await issued(tokens, newDevice());
      const subject = { case: 'token', value: accessToken } as const;
      await tokens.validate({ subject, minRevision: 1n << 40n });
    },
  },
  KEY_NOT_FOUND: {
    expected: ['NotFound'],
    provoke: ({ keys }) => keys.revokeKey({ keyId: 'none' }),
  },
  CALLER_NOT_FOUND: {
    expected: ['NotFound'],
    provoke: ({ callers }) => callers.rotateCallerKey({ name: 'none' }),
  },
  CALLER_LIMIT: {
    expected: ['ResourceExhausted', { max: '12' }],
    async provoke({ callers }, admin) {
      const { callers: all } = await callers.listCallers({ pageSize: 100 });
      const made = { permissions: [Permission.ISSUE], tenants: ['acme'] };
      const names = Array.from({ length: 13 - all.length }, () => randomUUID());
      try {
        for (const name of names) await callers.createCaller({ ...made, name });
      } finally {
        for (const name of names) await admin.callers.deleteCaller({ name });
      }
    },
  },
  CALLER_EXISTS: {
    expected: ['AlreadyExists'],
    async provoke({ callers }) {
      const caller = { name: randomUUID(), permissions: [Permission.ISSUE], tenants: ['acme'] };
      await callers.createCaller(caller);
      await callers.createCaller(caller);
    },
  },
};

function user(): { tenantId: string; userId: string } {
  const { tenantId, userId } = newDevice();
  return { tenantId, userId };
}

let server: TestServer;
let credentials: Readonly<Record<NonNullable<Case['as']>, string | null>>;

beforeAll(async () => {
  server = await startTestServer({
    SIGNUM_MAX_DEVICES: '3',
    SIGNUM_MAX_CALLERS: '12',
    SIGNUM_DEADLINE_DEFAULT: '4s',
  });
  const { apiKey } = await clientsOf(server, PROTOCOLS[0]).callers.createCaller({
    name: 'validator',
    permissions: [Permission.VALIDATE],
    tenants: ['*'],
  });
  const stranger = `sgn_aaaaaaaaaaaa_${'x'.repeat(43)}`;
  credentials = { nobody: null, stranger, validator: apiKey };
});
afterAll(() => server.close());

function provoke(protocol: Protocol, { as, provoke }: Case): Promise<Failure> {
  const admin = clientsOf(server, protocol);
  const clients = as === undefined ? admin : clientsOf(server, protocol, credentials[as]);
  return failureOf(provoke(clients, admin));
}

describe.each(PROTOCOLS)('by %s', (protocol) => {
  test.each(Object.entries(CASES))('%s arrives whole', async (reason, each) => {
    const failure = await provoke(protocol, each);
    const [code, metadata = {}, retryAfterMs] = each.expected;
    expect(failure).toEqual({ code, reason, metadata, retryAfterMs });
  });
});

test('DURABILITY_UNCONFIRMED arrives whole by every protocol', async () => {
  const { replicas } = inject('redis');
  const failures = await Promise.all(
    PROTOCOLS.map(async (protocol) => {
      const { tokens } = clientsOf(server, protocol);
      const device = newDevice();
      await issued(tokens, device);
      const subject = { case: 'device', value: device } as const;
      return failureOf(tokens.revoke({ subject, durability: { replicas: replicas + 1 } }));
    }),
  );
  for (const failure of failures) {
    expect(failure).toEqual({
      code: 'Unavailable',
      reason: 'DURABILITY_UNCONFIRMED',
      metadata: { replicas: `${replicas}`, fsync: 'false' },
      retryAfterMs: expect.any(Number),
    });
  }
});
