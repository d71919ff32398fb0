import { randomUUID } from 'node:crypto';
import type { DeviceRef } from '@signum/token';
import type { Call } from '../../src/domain/call.ts';
import { SignumError } from '../../src/domain/errors.ts';
import type { Session } from '../../src/domain/session.ts';
import type { IssueInput } from '../../src/tokens/issue.ts';
import type { Tokens } from '../../src/tokens/tokens.ts';

export interface InMemoryTokens extends Tokens {
  /** What every use-case does before anything else: fail or wait, for instance. */
  before: (verb: keyof Tokens, call: Call) => void | Promise<void>;
  readonly calls: { readonly verb: keyof Tokens; readonly call: Call; readonly input: unknown }[];
}

const EPOCH_MS = 1_700_000_000_000;

/** The use-cases without a store or a signature, for tests of what is around them. */
export function createInMemoryTokens(): InMemoryTokens {
  const sessions = new Map<string, Session>();
  const calls: InMemoryTokens['calls'] = [];
  const keyOf = ({ tenantId, userId, deviceId }: DeviceRef) =>
    JSON.stringify([tenantId, userId, deviceId]);
  const find = (device: DeviceRef) => sessions.get(keyOf(device));
  const durability = { replicas: 0, fsync: false };

  const pairOf = ({ tokenId, sessionId, generation, device }: Session) => ({
    accessToken: `at.${JSON.stringify(device)}.${tokenId}`,
    refreshToken: `rt.${JSON.stringify(device)}.${generation}`,
    tokenId,
    sessionId,
    accessExpiresAtMs: EPOCH_MS + 900_000,
    refreshExpiresAtMs: EPOCH_MS + 604_800_000,
    scopes: [],
    confirmation: undefined,
    expiresInMs: 900_000,
  });
  const sessionFor = (input: IssueInput): Session => ({
    device: input.device,
    sessionId: randomUUID(),
    tokenId: randomUUID(),
    keyId: 'k1',
    generation: 0,
    createdAtMs: EPOCH_MS,
    issuedAtMs: EPOCH_MS,
    accessExpiresAtMs: EPOCH_MS + 900_000,
    refreshExpiresAtMs: EPOCH_MS + 604_800_000,
    absoluteExpiresAtMs: EPOCH_MS + 2_592_000_000,
    revision: 1,
    scopes: input.scopes,
    audiences: input.audiences,
    confirmation: input.confirmation,
    claims: input.claims,
    metadata: input.metadata,
  });
  const holderOf = (token: string): Session => {
    const session = [...sessions.values()].find(
      (each) => pairOf(each).accessToken === token || pairOf(each).refreshToken === token,
    );
    if (session === undefined) throw new SignumError('TOKEN_INVALID', 'not a token of ours');
    return session;
  };
  const end = (device: DeviceRef) => ({
    count: Number(sessions.delete(keyOf(device))),
    revision: 2,
    durability,
  });

  const tokens: Tokens = {
    async issue(_call, input) {
      const superseded = find(input.device);
      const session = sessionFor(input);
      sessions.set(keyOf(input.device), session);
      return { tokens: pairOf(session), supersededSessionId: superseded?.sessionId, revision: 1 };
    },
    async refresh(_call, { refreshToken }) {
      const session = holderOf(refreshToken);
      const next = { ...session, generation: session.generation + 1, tokenId: randomUUID() };
      sessions.set(keyOf(session.device), next);
      return { tokens: pairOf(next), replayed: false, revision: 3 };
    },
    async validate(_call, { subject }) {
      const session =
        'ids' in subject
          ? find(subject.ids)
          : [...sessions.values()].find((each) => pairOf(each).accessToken === subject.token);
      if (session === undefined) return { verdict: 'UNKNOWN', source: 'STORE', revision: 1 };
      const { device, tokenId, sessionId, scopes, audiences, claims } = session;
      const token = {
        ref: { ...device, tokenId },
        sessionId,
        scopes,
        audiences,
        confirmation: undefined,
        claims,
        issuedAtMs: EPOCH_MS,
        expiresAtMs: EPOCH_MS + 900_000,
      };
      return { verdict: 'ACTIVE', source: 'STORE', revision: 1, token };
    },
    async revoke(_call, { subject }) {
      if ('token' in subject) return end(holderOf(subject.token).device);
      if ('ids' in subject) return end(subject.ids);
      return end('session' in subject ? subject.session.device : subject.device);
    },
    async revokeUser(_call, { tenantId, userId, exceptDeviceId }) {
      const theirs = [...sessions.values()]
        .map(({ device }) => device)
        .filter((device) => device.tenantId === tenantId && device.userId === userId)
        .filter((device) => device.deviceId !== exceptDeviceId);
      return {
        count: theirs.filter((device) => end(device).count).length,
        revision: 4,
        durability,
      };
    },
    revokeTenant: async () => ({ partitions: 64, durability }),
    revokeKey: async () => ({ partitions: 64, durability }),
    async listSessions(_call, { tenantId, userId, pageSize, afterDeviceId }) {
      const theirs = [...sessions.values()]
        .filter(({ device }) => device.tenantId === tenantId && device.userId === userId)
        .sort((a, b) => (a.device.deviceId < b.device.deviceId ? -1 : 1));
      const rest = theirs.filter(({ device }) => device.deviceId > afterDeviceId);
      const page = rest.slice(0, pageSize);
      return { sessions: page, more: rest.length > page.length, totalSize: theirs.length };
    },
    async getSession(_call, device) {
      const session = find(device);
      if (session === undefined) throw new SignumError('SESSION_NOT_FOUND', 'no session there');
      return session;
    },
  };

  const double = { calls, before: () => {} } as unknown as InMemoryTokens;
  const watched = Object.entries(tokens).map(([verb, run]) => [
    verb,
    async (call: Call, input: never) => {
      calls.push({ verb: verb as keyof Tokens, call, input });
      await double.before(verb as keyof Tokens, call);
      return (run as (call: Call, input: never) => unknown)(call, input);
    },
  ]);
  return Object.assign(double, Object.fromEntries(watched));
}
