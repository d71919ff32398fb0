import type { Message } from '@bufbuild/protobuf';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { KeyState } from '@signum/contract/signum/v1/key_service_pb.js';
import { Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CallerService,
  type KeyService,
  startTestServer,
  type TestServer,
  type TokenService,
} from '../setup/server.ts';
import { issued, newDevice } from './issued.ts';
import { type Clients, clientsOf, PROTOCOLS } from './protocols.ts';

/** What the answer of each unary method to a right call holds, in every protocol. */
type Table<Service extends { method: object }> = {
  readonly [Method in keyof Service['method'] as Service['method'][Method] extends Unary
    ? Method
    : never]: (clients: Clients) => Promise<readonly [Message, object]>;
};
type Unary = { readonly methodKind: 'unary' };

const AN_ID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const A_TIME = { $typeName: 'google.protobuf.Timestamp', nanos: 0, seconds: expect.any(BigInt) };
const NOT_ASKED = { replicas: 0, fsync: false };

const TOKEN_METHODS: Table<typeof TokenService> = {
  async issue({ tokens }) {
    const device = newDevice();
    const answer = await tokens.issue({ device, scopes: ['read'], claims: { plan: 'gold' } });
    const pair = { tokenId: AN_ID, sessionId: AN_ID, accessExpireTime: A_TIME };
    return [answer, { tokens: pair, supersededSessionId: '', revision: expect.any(BigInt) }];
  },
  async refresh({ tokens }) {
    const { refreshToken, sessionId } = await issued(tokens, newDevice());
    const answer = await tokens.refresh({ refreshToken });
    return [answer, { tokens: { sessionId, tokenId: AN_ID }, replayed: false }];
  },
  async validate({ tokens }) {
    const device = newDevice();
    const claims = { plan: 'gold', deep: { list: [1, null, true, 'ü'] } };
    const { accessToken, tokenId } = await issued(tokens, device, { claims });
    const answer = await tokens.validate({ subject: { case: 'token', value: accessToken } });
    const token = { ...device, tokenId };
    return [answer, { active: true, verdict: Verdict.ACTIVE, token, claims, issueTime: A_TIME }];
  },
  async batchValidate({ tokens }) {
    const { accessToken } = await issued(tokens, newDevice());
    const answer = await tokens.batchValidate({
      items: [
        { subject: { case: 'token', value: accessToken } },
        { subject: { case: 'token', value: 'nonsense' } },
        {},
      ],
    });
    const results = [
      { result: { case: 'response', value: { verdict: Verdict.ACTIVE } } },
      { result: { case: 'response', value: { verdict: Verdict.MALFORMED } } },
      { result: { case: 'error', value: { code: 3 } } },
    ];
    return [answer, { results }];
  },
  async revoke({ tokens }) {
    const device = newDevice();
    await issued(tokens, device);
    const answer = await tokens.revoke({ subject: { case: 'device', value: device } });
    return [answer, { revokedCount: 1, durability: NOT_ASKED }];
  },
  async revokeUser({ tokens }) {
    const device = newDevice();
    const { tenantId, userId } = device;
    for (const deviceId of ['a', 'b', 'c']) await issued(tokens, { ...device, deviceId });
    const answer = await tokens.revokeUser({ tenantId, userId, exceptDeviceId: 'b' });
    return [answer, { revokedCount: 2, durability: NOT_ASKED }];
  },
  async revokeTenant({ tokens }) {
    const answer = await tokens.revokeTenant({ tenantId: 'nobody' });
    return [answer, { partitions: 4, durability: NOT_ASKED }];
  },
  async listSessions({ tokens }) {
    const { tenantId, userId } = newDevice();
    for (const deviceId of ['b', 'a']) await issued(tokens, { tenantId, userId, deviceId });
    const answer = await tokens.listSessions({ tenantId, userId });
    const sessions = [{ device: { deviceId: 'a' } }, { device: { deviceId: 'b' } }];
    return [answer, { sessions, totalSize: 2, nextPageToken: '' }];
  },
  async getSession({ tokens }) {
    const device = newDevice({ deviceId: 'ü{}*:%' });
    const { sessionId, tokenId } = await issued(tokens, device, { metadata: { label: 'Phone' } });
    const answer = await tokens.getSession({ device });
    const session = { device, sessionId, tokenId, generation: 0, metadata: { label: 'Phone' } };
    return [answer, { session }];
  },
};

const KEY_METHODS: Table<typeof KeyService> = {
  async getJwks({ keys }) {
    return [await keys.getJwks({}), { jwksJson: expect.stringContaining('"keys"') }];
  },
  async listKeys({ keys }) {
    const signing = { algorithm: 'ES256', state: KeyState.SIGNING };
    return [await keys.listKeys({}), { keys: expect.arrayContaining([containing(signing)]) }];
  },
  async rotateKey({ keys }) {
    const answer = await keys.rotateKey({ algorithm: 'EdDSA' });
    return [answer, { key: { algorithm: 'EdDSA', state: KeyState.PENDING } }];
  },
  async revokeKey({ keys }) {
    const { key } = await keys.rotateKey({});
    const keyId = key?.keyId ?? '';
    const answer = await keys.revokeKey({ keyId });
    return [answer, { key: { keyId, state: KeyState.REVOKED }, partitions: 4 }];
  },
};

let callersMade = 0;

async function newCaller({ callers }: Clients) {
  callersMade += 1;
  const name = `caller-${callersMade}`;
  const permissions = [Permission.VALIDATE];
  return { name, answer: await callers.createCaller({ name, permissions, tenants: ['acme'] }) };
}

const AN_API_KEY = expect.stringMatching(/^sgn_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}$/);

const CALLER_METHODS: Table<typeof CallerService> = {
  async createCaller(clients) {
    const { name, answer } = await newCaller(clients);
    const caller = { name, tenants: ['acme'], permissions: [Permission.VALIDATE], disabled: false };
    return [answer, { caller, apiKey: AN_API_KEY }];
  },
  async listCallers(clients) {
    const { name } = await newCaller(clients);
    const answer = await clients.callers.listCallers({ pageSize: 100 });
    return [answer, { callers: expect.arrayContaining([containing({ name })]) }];
  },
  async rotateCallerKey(clients) {
    const { name } = await newCaller(clients);
    const answer = await clients.callers.rotateCallerKey({ name });
    return [answer, { caller: { name, keys: [{}, {}] }, apiKey: AN_API_KEY }];
  },
  async setCallerDisabled(clients) {
    const { name } = await newCaller(clients);
    const answer = await clients.callers.setCallerDisabled({ name, disabled: true });
    return [answer, { caller: { name, disabled: true } }];
  },
  async deleteCaller(clients) {
    const { name } = await newCaller(clients);
    return [await clients.callers.deleteCaller({ name }), { deleted: true }];
  },
};

function containing(fields: object): unknown {
  return expect.objectContaining(fields);
}

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(PROTOCOLS)('by %s', (protocol) => {
  test.each(Object.entries({ ...TOKEN_METHODS, ...KEY_METHODS, ...CALLER_METHODS }))(
    '%s answers',
    async (_, call) => {
      const [answer, expected] = await call(clientsOf(server, protocol));
      expect(answer).toMatchObject(expected);
    },
  );
});
