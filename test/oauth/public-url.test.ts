import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Holder, newHolder } from '../bound/holder.ts';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { clientOf } from './http.ts';

/** The address that is set, the `Host` that clients send by it, and whose scheme proofs must not have. */
const ADDRESSES = [
  ['http://tokens.example', 'tokens.example', 'https://tokens.example'],
  ['http://tokens.example:8080', 'tokens.example:8080', 'https://tokens.example:8080'],
  ['http://TOKENS.example:80', 'TOKENS.example:80', 'https://tokens.example'],
  ['https://tokens.example:8443', 'tokens.example:8443', 'http://tokens.example:8443'],
  ['https://TOKENS.example:443', 'tokens.example', 'http://tokens.example'],
] as const;

describe.each(ADDRESSES)('at SIGNUM_PUBLIC_URL=%s', (publicUrl, host, other) => {
  let signum: TestServer;
  let holder: Holder;
  const { post, reach } = clientOf(() => signum);
  beforeAll(async () => {
    const issuer = { SIGNUM_ISSUER: 'https://id.example' };
    signum = await startTestServer({ ...issuer, SIGNUM_PUBLIC_URL: publicUrl });
    holder = await newHolder();
  });
  afterAll(() => signum?.close());

  test('a proof for the token endpoint in the metadata is taken, and one for another scheme or host is not', async () => {
    const at = 'https://id.example/.well-known/oauth-authorization-server';
    const { token_endpoint: uri } = (await (await reach(at, {})).json()) as Record<string, string>;
    const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
    const method = { case: 'jkt' as const, value: holder.thumbprint };
    const { tokens } = await signum
      .client(TokenService)
      .issue({ device, confirmation: { method } });
    const form = { grant_type: 'refresh_token', refresh_token: tokens?.refreshToken ?? '' };
    const refresh = async (htu: string, more: Record<string, string> = {}) => {
      const dpop = await holder.prove({ uri: htu });
      return post('/oauth2/token', form, { host, dpop, ...more });
    };
    // Nobody has said that this server may believe what stands before it.
    const forwarded = { 'x-forwarded-proto': new URL(other).protocol.slice(0, -1) };
    for (const [htu, more] of [
      [`${other}/oauth2/token`, {}],
      [`${other}/oauth2/token`, forwarded],
      ['http://evil.example/oauth2/token', { 'x-forwarded-host': 'evil.example' }],
    ] as const) {
      const { status, json } = await refresh(htu, more);
      expect([status, json.error]).toEqual([400, 'invalid_dpop_proof']);
    }
    expect((await refresh(uri ?? '')).status).toBe(200);
  });
});
