import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import type { DeviceRef } from '@signum/token';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { generateJwk } from '../../src/signing/keys/generate-jwk.ts';
import { ecdsaTwin } from '../security/tokens/forge.ts';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf, reasonOf } from '../wire/failure.ts';
import { issued, newDevice, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';
import { startAnother } from './another-server.ts';
import { openStored, type Stored } from './stored.ts';

type Env = Readonly<Record<string, string>>;

let dir: string;
let server: TestServer;
let stored: Stored;
let tokens: Tokens;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-test-keys-'));
  for (const name of ['old', 'new']) {
    writeFileSync(join(dir, name), JSON.stringify(await generateJwk('ES256')), { mode: 0o600 });
  }
  const audiences = { SIGNUM_AUDIENCE: 'kept,lost' };
  server = await startTestServer({ ...keyFiles('old', 'new'), ...audiences });
  stored = openStored(server);
  tokens = server.client(TokenService);
});
afterAll(async () => {
  stored?.close();
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

function keyFiles(...names: readonly string[]): Env {
  const files = names.map((name) => join(dir, name)).join(',');
  return { SIGNUM_KEYS: 'files', SIGNUM_KEY_FILES: files };
}

/** The same deployment, started again with other settings. */
async function restarted(change: Env): Promise<{ tokens: Tokens; server: TestServer }> {
  const after = await startAnother({ ...server, env: { ...server.env, ...change } });
  onTestFinished(() => after.close());
  return { tokens: after.client(TokenService), server: after };
}

async function withFingerprint(device: DeviceRef, pair: TokenPair): Promise<TokenPair> {
  await expect.poll(async () => (await stored.session(device)).fp).toBeDefined();
  return pair;
}

async function verdictByIds(on: Tokens, device: DeviceRef, { tokenId }: TokenPair) {
  const ids = { ...device, tokenId };
  const { verdict, active } = await on.validate({ subject: { case: 'ids', value: ids } });
  return { verdict, active };
}

const keyOf = ({ accessToken }: TokenPair) => decodeProtectedHeader(accessToken).kid;

describe('a key that is taken out of SIGNUM_KEY_FILES', () => {
  test('R15 signs for nothing any more: its tokens are BAD_SIGNATURE, recognised or not', async () => {
    const device = newDevice();
    const pair = await withFingerprint(device, await issued(tokens, device));
    expect(await verdictOf(tokens, pair.accessToken)).toBe('ACTIVE');
    const { tokens: after, server: other } = await restarted(keyFiles('new'));
    for (const token of [pair.accessToken, ecdsaTwin(pair.accessToken)]) {
      expect(await verdictOf(after, token)).toBe('BAD_SIGNATURE');
    }
    expect(await verdictByIds(after, device, pair)).toEqual({ active: false, verdict: 7 });
    const { results } = await after.batchValidate({
      items: [{ subject: { case: 'token', value: pair.accessToken } }],
    });
    expect(results[0]?.result).toMatchObject({ case: 'response', value: { active: false } });
    const asUser = other.client(TokenService, pair.accessToken);
    expect(await reasonOf(asUser.getSession({ device }))).toBe('CREDENTIAL_INVALID');
    const revoke = other.client(TokenService, null).revoke({
      subject: { case: 'token', value: pair.accessToken },
    });
    expect(await reasonOf(revoke)).toBe('TOKEN_INVALID');
    // The session was not the key's.
    const next = await refreshed(after, pair.refreshToken);
    expect(keyOf(next)).not.toBe(keyOf(pair));
    expect(await verdictOf(after, next.accessToken)).toBe('ACTIVE');
    expect(await verdictByIds(after, device, next)).toEqual({ active: true, verdict: 1 });
  });

  test('R15 is not the key that a file holds under its id later', async () => {
    const kid = 'the-same';
    const file = join(dir, 'replaced');
    const write = async () => {
      const jwk = { ...(await generateJwk('ES256')), kid };
      writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 });
    };
    await write();
    const { tokens: before } = await restarted(keyFiles('replaced'));
    const device = newDevice();
    const pair = await withFingerprint(device, await issued(before, device));
    expect(keyOf(pair)).toBe(kid);
    expect(await verdictOf(before, pair.accessToken)).toBe('ACTIVE');
    await write();
    const { tokens: after } = await restarted(keyFiles('replaced'));
    for (const token of [pair.accessToken, ecdsaTwin(pair.accessToken)]) {
      expect(await verdictOf(after, token)).toBe('BAD_SIGNATURE');
    }
    const next = await refreshed(after, pair.refreshToken);
    expect(await verdictOf(after, next.accessToken)).toBe('ACTIVE');
  });

  test.each(['a repeated Issue', 'a replayed Refresh'])('is left by %s', async (what) => {
    const device = newDevice();
    const requestId = crypto.randomUUID();
    const first = await issued(tokens, device, { requestId });
    const pair = what === 'a repeated Issue' ? first : await refreshed(tokens, first.refreshToken);
    const { tokens: after } = await restarted(keyFiles('new'));
    const again =
      pair === first
        ? await issued(after, device, { requestId })
        : await refreshed(after, first.refreshToken);
    expect(again).toMatchObject({ sessionId: pair.sessionId });
    expect(again.tokenId).not.toBe(pair.tokenId);
    expect(await verdictOf(after, again.accessToken)).toBe('ACTIVE');
    expect(await verdictByIds(after, device, again)).toEqual({ active: true, verdict: 1 });
    // The one token that is good is this one, on every server, and the refresh token goes on.
    expect(await verdictOf(tokens, pair.accessToken)).toBe('REVOKED');
    expect(await verdictOf(after, pair.accessToken)).toBe('BAD_SIGNATURE');
    const later = await refreshed(after, pair.refreshToken);
    expect(await verdictOf(after, later.accessToken)).toBe('ACTIVE');
  });
});

describe('an audience that the deployment has lost', () => {
  const LOST = { SIGNUM_AUDIENCE: 'kept' };

  test.each(['', 'lost'])(
    'R6 is no audience: WRONG_AUDIENCE when asked for %j',
    async (audience) => {
      const device = newDevice();
      const pair = await withFingerprint(
        device,
        await issued(tokens, device, { audiences: ['lost'] }),
      );
      const { tokens: after, server: other } = await restarted(LOST);
      const ids = { ...device, tokenId: pair.tokenId };
      for (const subject of [
        { case: 'token', value: pair.accessToken } as const,
        { case: 'token', value: ecdsaTwin(pair.accessToken) } as const,
        { case: 'ids', value: ids } as const,
      ]) {
        expect(await after.validate({ subject, audience })).toMatchObject({
          active: false,
          verdict: 8,
          audiences: ['lost'],
        });
      }
      const asUser = other.client(TokenService, pair.accessToken);
      expect(await reasonOf(asUser.getSession({ device }))).toBe('CREDENTIAL_INVALID');
    },
  );

  test('is not issued on: a session that has no other is refused, and goes on if it comes back', async () => {
    const device = newDevice();
    const requestId = crypto.randomUUID();
    const wish = { audiences: ['lost'], requestId };
    const { refreshToken } = await issued(tokens, device, wish);
    const { tokens: after } = await restarted(LOST);
    const refusal = await failureOf(after.refresh({ refreshToken }));
    expect(refusal).toMatchObject({
      ...{ code: 'Unauthenticated', reason: 'SESSION_REVOKED' },
      metadata: { revocation_reason: 'ADMIN' },
    });
    const next = await refreshed(tokens, refreshToken);
    expect(await reasonOf(after.refresh({ refreshToken }))).toBe('SESSION_REVOKED');
    expect(await verdictOf(tokens, next.accessToken)).toBe('ACTIVE');
  });

  test('is left behind by a refresh, a replay and a repeated Issue of a session that has another', async () => {
    const audiences = ['lost', 'kept'];
    const device = newDevice();
    const requestId = crypto.randomUUID();
    const first = await issued(tokens, device, { audiences, requestId });
    const { tokens: after } = await restarted(LOST);
    expect(await verdictOf(after, first.accessToken)).toBe('ACTIVE');
    expect(decodeJwt(first.accessToken).aud).toEqual(audiences);
    const next = await refreshed(after, first.refreshToken);
    expect(decodeJwt(next.accessToken).aud).toBe('kept');
    expect(await verdictOf(after, next.accessToken)).toBe('ACTIVE');

    const other = await issued(tokens, newDevice(), { audiences });
    const rotated = await refreshed(tokens, other.refreshToken);
    expect(decodeJwt(rotated.accessToken).aud).toEqual(audiences);
    const replayed = await refreshed(after, other.refreshToken);
    expect(decodeJwt(replayed.accessToken).aud).toBe('kept');
    expect(await verdictOf(after, replayed.accessToken)).toBe('ACTIVE');
    expect(await verdictOf(after, rotated.accessToken)).toBe('REVOKED');
  });
});
