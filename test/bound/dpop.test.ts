import { Code } from '@connectrpc/connect';
import { Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../listeners/send.ts';
import { primariesOf, redisClient } from '../setup/redis-client.ts';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf } from '../wire/failure.ts';
import { type Holder, newHolder, type ProofRequest } from './holder.ts';

const API = 'https://api.example/orders';

let signum: TestServer;
/** Another server of the same deployment. */
let neighbour: TestServer;
let holder: Holder;
let thief: Holder;

beforeAll(async () => {
  signum = await startTestServer();
  neighbour = await startTestServer(sameDeployment());
  [holder, thief] = [await newHolder(), await newHolder()];
});
afterAll(async () => {
  await neighbour.close();
  await signum.close();
});

/** The environment of another server of this deployment, which has a certificate of its own. */
function sameDeployment(): Record<string, string> {
  const { SIGNUM_TLS_CERT_FILE: _, SIGNUM_TLS_KEY_FILE: __, ...rest } = signum.env;
  return rest;
}

let devices = 0;
async function issue(jkt: string | undefined = holder.thumbprint) {
  devices += 1;
  const device = { tenantId: 'acme', userId: 'ada', deviceId: `d${devices}` };
  const confirmation = jkt === '' ? undefined : { method: { case: 'jkt' as const, value: jkt } };
  const { tokens } = await signum
    .client(TokenService)
    .issue({ device, ...(confirmation && { confirmation }) });
  const { accessToken = '', refreshToken = '', tokenId = '' } = tokens ?? {};
  return { accessToken, refreshToken, ids: { ...device, tokenId } };
}

/** What a service that asks about a token is told. */
async function verdictOf(
  token: string,
  dpop: string | undefined,
  { method = 'GET', uri = API, server = signum } = {},
) {
  const answer = await server.client(TokenService).validate({
    subject: { case: 'token', value: token },
    proof: dpop === undefined ? { method, uri } : { dpop, method, uri },
  });
  return Verdict[answer.verdict];
}

const proofFor = (token: string, request: Partial<ProofRequest> = {}, by = holder) =>
  by.prove({ method: 'GET', uri: API, about: token, ...request });

describe('an access token that is bound to a key', () => {
  test('says so, and to which', async () => {
    const { accessToken } = await issue();
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
    expect(claims.cnf).toEqual({ jkt: holder.thumbprint });
  });

  test('is good with a proof of its key', async () => {
    const { accessToken } = await issue();
    const dpop = await proofFor(accessToken);
    const { active, confirmation } = await signum.client(TokenService).validate({
      subject: { case: 'token', value: accessToken },
      proof: { dpop, method: 'GET', uri: `${API}?page=2` },
    });
    expect(active).toBe(true);
    expect(confirmation?.method).toEqual({ case: 'jkt', value: holder.thumbprint });
  });

  test('is good for nothing without, however it is asked about', async () => {
    const { accessToken, ids } = await issue();
    const tokens = signum.client(TokenService);
    const subject = { case: 'token', value: accessToken } as const;
    const alone = await tokens.validate({ subject });
    expect(alone).toMatchObject({ active: false, verdict: Verdict.KEY_PROOF_REQUIRED });
    expect(alone.token).toBeUndefined();
    const byIds = await tokens.validate({ subject: { case: 'ids', value: ids } });
    expect(byIds).toMatchObject({ active: false, verdict: Verdict.KEY_PROOF_REQUIRED });
    const { results } = await tokens.batchValidate({ items: [{ subject }] });
    expect(results[0]?.result.value).toMatchObject({ verdict: Verdict.KEY_PROOF_REQUIRED });
    const certificateThumbprint = holder.thumbprint;
    expect(await tokens.validate({ subject, proof: { certificateThumbprint } })).toMatchObject({
      verdict: Verdict.KEY_PROOF_REQUIRED,
    });
  });

  test.each<[string, (token: string) => Promise<string>]>([
    ['of another key', (token) => proofFor(token, {}, thief)],
    ['for another method', (token) => proofFor(token, { method: 'DELETE' })],
    ['for another URI', (token) => proofFor(token, { uri: 'https://api.example/admin' })],
    ['for another token', () => proofFor('another')],
    ['for no token', () => proofFor('', { about: undefined })],
    ['of an hour ago', (token) => proofFor(token, { claims: { iat: Date.now() / 1000 - 3_600 } })],
    ['of tomorrow', (token) => proofFor(token, { claims: { iat: Date.now() / 1000 + 86_400 } })],
    ['that is rubbish', async () => 'rubbish'],
    ['twice in one header', async (token) => `${await proofFor(token)}, ${await proofFor(token)}`],
  ])('is refused with a proof %s', async (_what, make) => {
    const { accessToken } = await issue();
    expect(await verdictOf(accessToken, await make(accessToken))).toBe('KEY_PROOF_INVALID');
  });

  test('is good once with a proof, at whichever server', async () => {
    const { accessToken } = await issue();
    const dpop = await proofFor(accessToken);
    expect(await verdictOf(accessToken, dpop, { server: neighbour })).toBe('ACTIVE');
    expect(await verdictOf(accessToken, dpop, { server: signum })).toBe('KEY_PROOF_INVALID');
    expect(await verdictOf(accessToken, dpop, { server: neighbour })).toBe('KEY_PROOF_INVALID');
    expect(await verdictOf(accessToken, await proofFor(accessToken))).toBe('ACTIVE');
  });

  test('of many that use one proof at once, one is let in', async () => {
    const { accessToken } = await issue();
    const dpop = await proofFor(accessToken);
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        verdictOf(accessToken, dpop, { server: i % 2 === 0 ? signum : neighbour }),
      ),
    );
    expect(verdicts.filter((verdict) => verdict === 'ACTIVE')).toHaveLength(1);
  });

  test('that was revoked is revoked, proof or no proof', async () => {
    const { accessToken, ids } = await issue();
    await signum.client(TokenService).revoke({ subject: { case: 'ids', value: ids } });
    expect(await verdictOf(accessToken, await proofFor(accessToken))).toBe('REVOKED');
    expect(await verdictOf(accessToken, undefined)).toBe('REVOKED');
  });

  test('a proof goes with a token, not with its ids', async () => {
    const { accessToken, ids } = await issue();
    const proof = { dpop: await proofFor(accessToken), method: 'GET', uri: API };
    const answer = signum
      .client(TokenService)
      .validate({ subject: { case: 'ids', value: ids }, proof });
    expect(await failureOf(answer)).toMatchObject({
      reason: 'INVALID_FIELD',
      metadata: { field: 'proof.dpop' },
    });
  });
});

test('a bearer token that comes with a proof is refused: its holder believes it safe', async () => {
  const { accessToken } = await issue('');
  expect(await verdictOf(accessToken, await proofFor(accessToken))).toBe('KEY_PROOF_INVALID');
  expect(await verdictOf(accessToken, undefined)).toBe('ACTIVE');
});

describe('a refresh token that is bound to a key', () => {
  const uri = () => `${signum.address}/signum.v1.TokenService/Refresh`;
  const refresh = (refreshToken: string, dpop?: string) =>
    signum
      .client(TokenService, null)
      .refresh({ refreshToken }, dpop === undefined ? {} : { headers: { dpop } });

  test('rotates with a proof, and so does what follows it', async () => {
    const { refreshToken, accessToken: first } = await issue();
    const { tokens } = await refresh(refreshToken, await holder.prove({ uri: uri() }));
    const accessToken = tokens?.accessToken ?? '';
    expect(accessToken).not.toBe(first);
    expect(await verdictOf(accessToken, undefined)).toBe('KEY_PROOF_REQUIRED');
    expect(await verdictOf(accessToken, await proofFor(accessToken))).toBe('ACTIVE');
    const next = tokens?.refreshToken ?? '';
    expect(await failureOf(refresh(next))).toMatchObject({ reason: 'KEY_PROOF_REQUIRED' });
    await refresh(next, await holder.prove({ uri: uri() }));
  });

  test('is of no use to a thief, and no harm comes from the attempt', async () => {
    const { refreshToken } = await issue();
    const { tokens } = await refresh(refreshToken, await holder.prove({ uri: uri() }));
    const { tokens: later } = await refresh(
      tokens?.refreshToken ?? '',
      await holder.prove({ uri: uri() }),
    );
    // Used up twice over: with its key this would end the session.
    expect(await failureOf(refresh(refreshToken))).toMatchObject({ reason: 'KEY_PROOF_REQUIRED' });
    const stolen = await failureOf(refresh(refreshToken, await thief.prove({ uri: uri() })));
    expect(stolen).toMatchObject({
      code: Code[Code.Unauthenticated] ?? '',
      reason: 'KEY_PROOF_INVALID',
    });
    const accessToken = later?.accessToken ?? '';
    expect(await verdictOf(accessToken, await proofFor(accessToken))).toBe('ACTIVE');
  });

  test('takes a proof for this server and this call only', async () => {
    const { refreshToken } = await issue();
    for (const other of [
      'https://evil.example/signum.v1.TokenService/Refresh',
      `${signum.address}/x`,
    ]) {
      const dpop = await holder.prove({ uri: other });
      expect(await failureOf(refresh(refreshToken, dpop))).toMatchObject({
        reason: 'KEY_PROOF_INVALID',
      });
    }
    const elsewhere = { dpop: await holder.prove({ uri: API }), method: 'POST', uri: API };
    const told = signum.client(TokenService, null).refresh({ refreshToken, proof: elsewhere });
    expect(await failureOf(told)).toMatchObject({
      reason: 'INVALID_FIELD',
      metadata: { field: 'proof' },
    });
  });

  test('a service that presents it says what its holder has shown', async () => {
    const { refreshToken } = await issue();
    const tokens = signum.client(TokenService);
    expect(await failureOf(tokens.refresh({ refreshToken }))).toMatchObject({
      reason: 'KEY_PROOF_REQUIRED',
    });
    const proof = { dpop: await holder.prove({ uri: API }), method: 'POST', uri: API };
    expect((await tokens.refresh({ refreshToken, proof })).tokens?.accessToken).toBeTruthy();
  });
});

describe('logging out with a token that is bound to a key', () => {
  const uri = () => `${signum.address}/signum.v1.TokenService/Revoke`;
  const revoke = (value: string, credential: string | null, dpop?: string) =>
    signum
      .client(TokenService, credential)
      .revoke(
        { subject: { case: 'token', value } },
        dpop === undefined ? {} : { headers: { dpop } },
      );

  test('takes a proof of whoever holds it, and none of a service that may revoke', async () => {
    const { accessToken, refreshToken } = await issue();
    expect(await failureOf(revoke(accessToken, null))).toMatchObject({
      reason: 'KEY_PROOF_REQUIRED',
    });
    expect(await failureOf(revoke(refreshToken, null))).toMatchObject({
      reason: 'KEY_PROOF_REQUIRED',
    });
    expect(await verdictOf(accessToken, await proofFor(accessToken))).toBe('ACTIVE');
    const dpop = await holder.prove({ uri: uri(), about: accessToken });
    expect(await revoke(accessToken, null, dpop)).toMatchObject({ revokedCount: 1 });
    const other = await issue();
    expect(await revoke(other.refreshToken, signum.adminKey)).toMatchObject({ revokedCount: 1 });
  });
});

describe('a user’s own token that is bound to a key, as credential', () => {
  const path = '/signum.v1.TokenService/ListSessions';
  const list = (authorization: string, dpop?: string) =>
    send({
      ...{ version: '2', port: signum.server.addresses.public.port, ca: Buffer.from(signum.ca) },
      ...{ method: 'POST', path, body: JSON.stringify({ tenantId: 'acme', userId: 'ada' }) },
      headers: { authorization, 'content-type': 'application/json', ...(dpop && { dpop }) },
    });

  test('is taken with a proof under the scheme DPoP, and in no other way', async () => {
    const { accessToken } = await issue();
    const prove = () => holder.prove({ uri: `${signum.address}${path}`, about: accessToken });
    expect((await list(`DPoP ${accessToken}`, await prove())).status).toBe(200);
    expect((await list(`DPoP ${accessToken}`)).status).toBe(401);
    expect((await list(`Bearer ${accessToken}`)).status).toBe(401);
    expect((await list(`Bearer ${accessToken}`, await prove())).status).toBe(401);
    const { accessToken: unbound } = await issue('');
    expect((await list(`Bearer ${unbound}`)).status).toBe(200);
    expect((await list(`DPoP ${unbound}`, await prove())).status).toBe(401);
    expect((await list(`DPoP ${signum.adminKey}`)).status).toBe(401);
  });
});

test('where a nonce is asked for, a proof without one is told which, and taken with it', async () => {
  const strict = await startTestServer({ ...sameDeployment(), SIGNUM_DPOP_NONCE: 'required' });
  try {
    const { accessToken } = await issue();
    const ask = async (nonce?: string) =>
      strict.client(TokenService).validate({
        subject: { case: 'token', value: accessToken },
        proof: { dpop: await proofFor(accessToken, { nonce }), method: 'GET', uri: API },
      });
    const refused = await ask();
    expect(refused).toMatchObject({ active: false, verdict: Verdict.KEY_PROOF_NONCE });
    expect((await ask('not a nonce')).verdict).toBe(Verdict.KEY_PROOF_NONCE);
    expect((await ask(refused.dpopNonce)).active).toBe(true);
  } finally {
    await strict.close();
  }
});

test('a proof that was used is remembered in the user’s partition until it is too old', async () => {
  const { accessToken } = await issue();
  await verdictOf(accessToken, await proofFor(accessToken));
  const redis = redisClient(signum.redisUrl);
  try {
    const primaries = await primariesOf(redis);
    const keys = await Promise.all(primaries.map((each) => each.keys('signum:{*}:proof:*')));
    const [key = ''] = keys.flat();
    expect(key).toMatch(/^signum:\{\d+\}:proof:[\w-]{43}$/);
    expect(await redis.pttl(key)).toBeGreaterThan(0);
  } finally {
    redis.disconnect();
  }
});
