import { randomUUID } from 'node:crypto';
import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import type { DeviceRef } from '@signum/token';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { reasonOf, type Tokens } from './operations.ts';

export type Step =
  | { readonly do: 'issue'; readonly device: number; readonly again: boolean }
  | { readonly do: 'refresh'; readonly session: number; readonly at: number }
  | { readonly do: 'end-device' | 'end-user' | 'end-tenant'; readonly device: number };

/** A session as its clients have seen it. */
interface Session {
  readonly device: number;
  readonly sessionId: string;
  readonly refreshTokens: string[];
  /** The access tokens that may be active: none that was ever revoked. */
  alive: string[];
  ended: boolean;
}

/** What may happen to a call although nothing is wrong with the service. */
const REFUSALS = {
  issue: [
    ...['SESSION_REVOKED', 'SESSION_EXISTS', 'PROOF_REQUIRED', 'DEVICE_LIMIT', 'RATE_LIMITED'],
    'INVALID_FIELD',
  ],
  refresh: [
    ...['SESSION_REVOKED', 'SESSION_NOT_FOUND', 'TOKEN_EXPIRED', 'REFRESH_REUSED', 'RATE_LIMITED'],
  ],
};

/**
 * What has happened to some devices, and with that what may not happen any more: whether a token is
 * active depends on settings and time, but one that was revoked must not be, and a session that has
 * ended must not be given tokens.
 */
export class History {
  readonly #devices: readonly DeviceRef[];
  readonly #requestIds: string[];
  readonly #sessions: Session[] = [];
  readonly #given = new Set<string>();

  constructor(devices: readonly DeviceRef[]) {
    this.#devices = devices;
    this.#requestIds = devices.map(() => randomUUID());
  }

  async apply(step: Step, tokens: Tokens): Promise<void> {
    if (step.do === 'issue') return this.#issue(step.device, step.again, tokens);
    if (step.do === 'refresh') return this.#refresh(step.session, step.at, tokens);
    const device = this.#device(step.device);
    const { tenantId, userId } = device;
    switch (step.do) {
      case 'end-device':
        await tokens.revoke({ subject: { case: 'device', value: device } });
        return this.#end((other) => other === device);
      case 'end-user':
        await tokens.revokeUser({ tenantId, userId });
        return this.#end((other) => other.tenantId === tenantId && other.userId === userId);
      case 'end-tenant':
        await tokens.revokeTenant({ tenantId });
        return this.#end((other) => other.tenantId === tenantId);
    }
  }

  /** Of sessions only the access tokens were the key's. */
  endKey(keyId: string): void {
    for (const session of this.#sessions) {
      session.alive = session.alive.filter((token) => decodeProtectedHeader(token).kid !== keyId);
    }
  }

  /** Throws if a token is active that may not be, by the token or by its ids. */
  async check(tokens: Tokens): Promise<void> {
    const given = [...this.#given];
    if (given.length === 0) return;
    const subjects = given.flatMap((token) => {
      const { tid, sub, did, jti } = decodeJwt(token);
      const ids = { tenantId: String(tid), userId: String(sub), deviceId: String(did) };
      return [
        { case: 'token', value: token } as const,
        { case: 'ids', value: { ...ids, tokenId: String(jti) } } as const,
      ];
    });
    const { results } = await tokens.batchValidate({
      items: subjects.map((subject) => ({ subject })),
    });
    for (const [i, { result }] of results.entries()) {
      if (result.case !== 'response') throw new Error(`item ${i}: ${result.value?.message}`);
      if (!result.value.active) continue;
      const token = given[Math.floor(i / 2)] as string;
      const may = this.#sessions.some(({ ended, alive }) => !ended && alive.includes(token));
      if (!may) throw new Error(`a revoked token is active: ${subjects[i]?.case}`);
    }
  }

  async #issue(at: number, again: boolean, tokens: Tokens): Promise<void> {
    if (!again) this.#requestIds[at] = randomUUID();
    const request = { device: this.#device(at), requestId: this.#requestIds[at] as string };
    const answer = await tokens.issue(request).catch(refused('issue'));
    if (answer) this.#note(at, answer.tokens);
  }

  async #refresh(which: number, at: number, tokens: Tokens): Promise<void> {
    const session = this.#sessions[which % Math.max(1, this.#sessions.length)];
    if (session === undefined) return;
    const { refreshTokens } = session;
    const refreshToken = refreshTokens[at % refreshTokens.length] as string;
    const answer = await tokens.refresh({ refreshToken }).catch((error: unknown) => {
      if (reasonOf(error) === 'REFRESH_REUSED') session.ended = true;
      return refused('refresh')(error);
    });
    if (answer) this.#note(session.device, answer.tokens);
  }

  #note(device: number, pair: TokenPair | undefined): void {
    if (pair === undefined) throw new Error('the answer holds no tokens');
    const { sessionId, tokenId, accessToken, refreshToken } = pair;
    let session = this.#sessions.find((each) => each.sessionId === sessionId);
    if (session?.ended) throw new Error('a session that has ended was given tokens');
    if (session === undefined) {
      this.#end((other) => other === this.#device(device));
      session = { device, sessionId, refreshTokens: [], alive: [], ended: false };
      this.#sessions.push(session);
    }
    // The same token may be signed twice; any other of the session is one that it had before.
    session.alive = session.alive.filter((token) => decodeJwt(token).jti === tokenId);
    session.alive.push(accessToken);
    session.refreshTokens.push(refreshToken);
    this.#given.add(accessToken);
  }

  #end(which: (device: DeviceRef) => boolean): void {
    for (const session of this.#sessions) {
      if (which(this.#device(session.device))) session.ended = true;
    }
  }

  #device(at: number): DeviceRef {
    return this.#devices[at] as DeviceRef;
  }
}

function refused(what: keyof typeof REFUSALS): (error: unknown) => undefined {
  return (error) => {
    if (!REFUSALS[what].includes(reasonOf(error))) throw error;
    return undefined;
  };
}
