import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import {
  type IssueRequestSchema,
  type ValidateRequestSchema,
  Verdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { connectEdge } from '@signum/edge';
import { createGuard, type GuardOptions } from '@signum/edge/headers';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../listeners/send.ts';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { failureOf } from '../wire/failure.ts';
import { issued, newDevice, refreshed, type Tokens } from '../wire/issued.ts';
import { clientOf } from './http.ts';

const GOLD = 'urn:example:gold';
const SILVER = 'urn:example:silver';

let signum: TestServer;
let tokens: Tokens;
const { post } = clientOf(() => signum);

beforeAll(async () => {
  signum = await startTestServer();
  tokens = signum.client(TokenService);
});
afterAll(() => signum.close());

/** Of a user who has authenticated so many seconds ago. */
function authenticated(secondsAgo: number, acr = SILVER, amr = ['pwd', 'otp']) {
  const authTime = timestampFromMs(Date.now() - secondsAgo * 1_000);
  return { authTime, acr, amr };
}

const seconds = ({ authTime }: { authTime: { seconds: bigint } }) => Number(authTime.seconds);

describe('what Issue is told of the authentication', () => {
  test('stands in the token, in answers, in introspection and in lists, through refreshes', async () => {
    const device = newDevice();
    const told = authenticated(90);
    const first = await issued(tokens, device, told);
    const second = await refreshed(tokens, first.refreshToken);
    const claims = { auth_time: seconds(told), acr: SILVER, amr: ['pwd', 'otp'] };
    expect(decodeJwt(first.accessToken)).toMatchObject(claims);
    expect(decodeJwt(second.accessToken)).toMatchObject(claims);
    expect(decodeJwt(second.refreshToken)).not.toHaveProperty('acr');

    const answer = {
      authTime: { seconds: told.authTime.seconds, nanos: 0 },
      acr: SILVER,
      amr: ['pwd', 'otp'],
    };
    const subject = { case: 'token' as const, value: second.accessToken };
    expect(await tokens.validate({ subject })).toMatchObject({ active: true, ...answer });
    const grpc = signum.client(TokenService, signum.adminKey, 'grpc');
    expect(await grpc.validate({ subject })).toMatchObject({ active: true, ...answer });
    expect((await tokens.getSession({ device })).session).toMatchObject(answer);
    const { tenantId, userId } = device;
    expect((await tokens.listSessions({ tenantId, userId })).sessions[0]).toMatchObject(answer);
    const form = { token: second.accessToken };
    const { json } = await post('/oauth2/introspect', form, {
      authorization: `Bearer ${signum.adminKey}`,
    });
    expect(json).toMatchObject({ active: true, ...claims });
  });

  test('is left out where it was not told, also after a session that had it', async () => {
    const device = newDevice();
    await issued(tokens, device, authenticated(1));
    const { accessToken } = await issued(tokens, device);
    const claims = decodeJwt(accessToken);
    for (const name of ['auth_time', 'acr', 'amr']) expect(claims).not.toHaveProperty(name);
    const answer = await tokens.validate({ subject: { case: 'token', value: accessToken } });
    expect(answer).toMatchObject({ active: true, acr: '', amr: [] });
    expect(answer.authTime).toBeUndefined();
  });

  test.each<[string, MessageInitShape<typeof IssueRequestSchema>, string]>([
    ['an authentication of tomorrow', authenticated(-86_400), 'auth_time'],
    ['one of before 1970', { authTime: timestampFromMs(-1) }, 'auth_time'],
    ['a class with a blank', { acr: 'gold and silver' }, 'acr'],
    ['a class with a quote', { acr: 'go"ld' }, 'acr'],
    ['a class that is too long', { acr: 'x'.repeat(257) }, 'acr'],
    ['a method that is empty', { amr: [''] }, 'amr[0]'],
    ['a method that is too long', { amr: ['x'.repeat(65)] }, 'amr[0]'],
    ['a method twice', { amr: ['pwd', 'pwd'] }, 'amr'],
    ['too many methods', { amr: [...'abcdefghi'] }, 'amr'],
    ['a claim of that name', { claims: { acr: GOLD } }, 'claims'],
  ])('%s is refused and changes nothing', async (_what, wish, field) => {
    const device = newDevice();
    const { tokenId } = await issued(tokens, device);
    const failure = await failureOf(issued(tokens, device, wish));
    expect(failure).toMatchObject({ reason: 'INVALID_FIELD', metadata: { field } });
    expect((await tokens.getSession({ device })).session).toMatchObject({ tokenId });
  });
});

type Requirement = Pick<MessageInitShape<typeof ValidateRequestSchema>, 'acrValues' | 'maxAge'>;

describe('what a token must tell of the authentication', () => {
  test.each<[string, Requirement, keyof typeof Verdict]>([
    ['its class', { acrValues: [SILVER] }, 'ACTIVE'],
    ['one of several', { acrValues: [GOLD, SILVER] }, 'ACTIVE'],
    ['another class', { acrValues: [GOLD] }, 'INSUFFICIENT_AUTHENTICATION'],
    ['within an hour', { maxAge: { seconds: 3_600n } }, 'ACTIVE'],
    ['within a minute', { maxAge: { seconds: 60n } }, 'INSUFFICIENT_AUTHENTICATION'],
    ['just now', { maxAge: { seconds: 0n } }, 'INSUFFICIENT_AUTHENTICATION'],
    [
      'its class within a minute',
      { acrValues: [SILVER], maxAge: { seconds: 60n } },
      'INSUFFICIENT_AUTHENTICATION',
    ],
  ])('%s', async (_what, requirement, verdict) => {
    const { accessToken } = await issued(tokens, newDevice(), authenticated(600));
    const ask = { subject: { case: 'token' as const, value: accessToken }, ...requirement };
    const answer = await tokens.validate(ask);
    expect(Verdict[answer.verdict]).toBe(verdict);
    // Whoever asks is told of the token all the same.
    expect(answer).toMatchObject({ active: verdict === 'ACTIVE', acr: SILVER });
    const { results } = await tokens.batchValidate({ items: [ask] });
    expect(results[0]?.result.value).toMatchObject({ verdict: answer.verdict });
  });

  test.each<[string, Requirement]>([
    ['a class', { acrValues: [SILVER] }],
    ['an age', { maxAge: { seconds: 2n ** 31n } }],
  ])('one that tells nothing does not meet %s', async (_what, requirement) => {
    const { accessToken } = await issued(tokens, newDevice());
    const subject = { case: 'token' as const, value: accessToken };
    const { verdict } = await tokens.validate({ subject, ...requirement });
    expect(Verdict[verdict]).toBe('INSUFFICIENT_AUTHENTICATION');
  });

  test.each<[string, Requirement, string]>([
    ['a negative age', { maxAge: { seconds: -1n } }, 'max_age'],
    ['a part of a second', { maxAge: { seconds: 1n, nanos: 5 } }, 'max_age'],
    ['a class with a blank', { acrValues: ['a b'] }, 'acr_values[0]'],
    ['too many classes', { acrValues: [...'abcdefghijklmnopq'] }, 'acr_values'],
  ])('%s is refused', async (_what, requirement, field) => {
    const { accessToken } = await issued(tokens, newDevice());
    const subject = { case: 'token' as const, value: accessToken };
    const failure = await failureOf(tokens.validate({ subject, ...requirement }));
    expect(failure).toMatchObject({ reason: 'INVALID_FIELD', metadata: { field } });
  });
});

describe('a gateway that requires it', () => {
  async function authz(accessToken: string, query: string, headers: Record<string, string> = {}) {
    const { status, headers: told } = await send({
      ...{ version: '1.1', method: 'GET', path: `/authz${query}` },
      ...{ port: signum.server.addresses.public.port, ca: Buffer.from(signum.ca) },
      headers: {
        'x-signum-key': signum.adminKey,
        authorization: `Bearer ${accessToken}`,
        ...headers,
      },
    });
    return { status, challenge: told['www-authenticate'] };
  }

  test('is told what the client has to do, in the challenge of RFC 9470', async () => {
    const { accessToken } = await issued(tokens, newDevice(), authenticated(600));
    const query = `?acr_values=${encodeURIComponent(`${GOLD} urn:example:platinum`)}&max_age=5`;
    const { status, challenge } = await authz(accessToken, query);
    expect(status).toBe(401);
    expect(challenge).toBe(
      'Bearer error="insufficient_user_authentication", ' +
        'error_description="another authentication of the user is needed", ' +
        `acr_values="${GOLD} urn:example:platinum", max_age="5"`,
    );
    expect(await authz(accessToken, `?acr_values=${SILVER}&max_age=3600`)).toEqual({
      status: 200,
      challenge: undefined,
    });
  });

  test('is told the same as an app that guards itself by an edge', async () => {
    const credentials = { apiKey: signum.adminKey, ca: signum.ca };
    const edge = await connectEdge({ address: signum.address, credentials });
    try {
      const { accessToken } = await issued(tokens, newDevice(), authenticated(600));
      const guarded = async (options: GuardOptions) => {
        const answer = await createGuard(edge, options)({ authorization: `Bearer ${accessToken}` });
        if (answer.admitted) return { status: 200, challenge: undefined };
        return { status: answer.status, challenge: answer.headers['www-authenticate'] };
      };
      /** Without the words for people. */
      const told = async (query: string) => {
        const { status, challenge } = await authz(accessToken, query);
        return { status, challenge: String(challenge).replace(/ error_description="[^"]*",/, '') };
      };
      expect(await guarded({ acrValues: [GOLD], maxAgeS: 5 })).toEqual(
        await told(`?acr_values=${GOLD}&max_age=5`),
      );
      expect(await guarded({ maxAgeS: 599 })).toEqual(await told('?max_age=599'));
      expect((await guarded({ acrValues: [GOLD] })).status).toBe(401);
      expect((await guarded({ acrValues: [GOLD, SILVER], maxAgeS: 3_600 })).status).toBe(200);
    } finally {
      await edge.close();
    }
  });

  test.each([
    ['x-signum-required-acr-values', `${SILVER}, ${GOLD}`, 401],
    ['x-signum-required-acr-values', '', 200],
    ['x-signum-required-max-age', '5', 401],
    ['x-signum-required-max-age', '86400', 200],
    ['x-signum-required-max-age', 'rubbish', 401],
  ])(
    'whose client sends %s %j is answered %3$i: it makes it no easier',
    async (name, value, status) => {
      const { accessToken } = await issued(tokens, newDevice(), authenticated(600));
      const query = `?acr_values=${SILVER}&max_age=3600`;
      expect((await authz(accessToken, query, { [name]: value })).status).toBe(status);
    },
  );

  test('is Envoy too, by context extensions', async () => {
    const { accessToken } = await issued(tokens, newDevice(), authenticated(600));
    const transport = createGrpcTransport({
      baseUrl: `https://${signum.grpcAddress}`,
      nodeOptions: { ca: signum.ca },
    });
    const check = (contextExtensions: Record<string, string>) =>
      createClient(Authorization, transport).check(
        {
          attributes: {
            contextExtensions,
            request: { http: { headers: { authorization: `Bearer ${accessToken}` } } },
          },
        },
        { headers: { 'x-signum-key': signum.adminKey } },
      );
    const denied = await check({ acr_values: GOLD });
    expect(denied.httpResponse.case).toBe('deniedResponse');
    expect(JSON.stringify(denied.httpResponse.value)).toContain('insufficient_user_authentication');
    const allowed = await check({ acr_values: `${GOLD} ${SILVER}`, max_age: '3600' });
    expect(allowed.httpResponse.case).toBe('okResponse');
  });
});
