import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { connectEdge, type Edge, type EdgeOptions, type ShownKey } from '@signum/edge';
import { signum as expressGuard } from '@signum/edge/express';
import { createGuard } from '@signum/edge/headers';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { type Holder, newHolder, type ProofRequest } from './holder.ts';

const API = 'https://api.example/orders';
const REQUEST = { method: 'GET', url: API };

let signum: TestServer;
let apiKey: string;
/** Asks the server about the use of each proof, and remembers by itself. */
let edge: Edge;
let remembering: Edge;
let holder: Holder;
let thief: Holder;
let certificate: string;

beforeAll(async () => {
  signum = await startTestServer();
  ({ apiKey } = await signum.client(CallerService).createCaller({
    name: 'edge',
    permissions: [Permission.WATCH, Permission.VALIDATE],
    tenants: ['acme'],
  }));
  [edge, remembering] = [await connect(), await connect({ proofReplay: 'EDGE' })];
  [holder, thief] = [await newHolder(), await newHolder()];
  const { raw } = new X509Certificate(readFileSync(signum.certificates.certFile));
  certificate = createHash('sha256').update(raw).digest('base64url');
});
afterAll(async () => {
  await Promise.all([edge?.close(), remembering?.close()]);
  await signum?.close();
});

function connect(options: Partial<EdgeOptions> = {}): Promise<Edge> {
  const { address, ca } = signum;
  return connectEdge({ address, credentials: { apiKey, ca }, ...options });
}

let devices = 0;
async function issue(bound: { jkt: string } | { certificateThumbprint: string } | undefined) {
  devices += 1;
  const device = { tenantId: 'acme', userId: 'ada', deviceId: `d${devices}` };
  const [[kind, value] = []] = Object.entries(bound ?? {});
  const method = { case: kind as 'jkt', value: String(value) };
  const confirmation = bound && { confirmation: { method } };
  const { tokens } = await signum
    .client(TokenService)
    .issue({ device, scopes: ['read'], ...confirmation });
  return tokens?.accessToken ?? '';
}
const issueBound = () => issue({ jkt: holder.thumbprint });

const proofFor = (token: string, request: Partial<ProofRequest> = {}, by = holder) =>
  by.prove({ method: 'GET', uri: API, about: token, ...request });

const shown = (dpop: string | undefined, about: Partial<ShownKey> = {}): ShownKey => ({
  ...{ dpop, ...REQUEST, ...about },
});

describe('a token that is bound to a key, at an edge that asks about each proof', () => {
  test('is good with a proof of its key, once, at whichever edge or server', async () => {
    const token = await issueBound();
    const proof = shown(await proofFor(token));
    expect(await edge.verify(token, { proof })).toMatchObject({ active: true, source: 'SERVER' });
    const used = { active: false, verdict: 'KEY_PROOF_INVALID' };
    const other = await connect();
    try {
      for (const each of [edge, other])
        expect(await each.verify(token, { proof })).toMatchObject(used);
    } finally {
      await other.close();
    }
    const { verdict } = await signum.client(TokenService).validate({
      subject: { case: 'token', value: token },
      proof: { dpop: proof.dpop ?? '', method: 'GET', uri: API },
    });
    expect(verdict).not.toBe(1);
  });

  test('is let in once of many requests that show one proof at once', async () => {
    for (const each of [edge, remembering]) {
      const token = await issueBound();
      const proof = shown(await proofFor(token));
      const all = await Promise.all(
        Array.from({ length: 20 }, () => each.verify(token, { proof })),
      );
      expect(all.filter(({ active }) => active)).toHaveLength(1);
    }
  });

  test('is refused without asking anybody when the proof cannot be good', async () => {
    const token = await issueBound();
    const asked = edge.metrics().unsure.PROOF;
    const bad: (readonly [ShownKey | undefined, string])[] = [
      [undefined, 'KEY_PROOF_REQUIRED'],
      [shown(undefined), 'KEY_PROOF_REQUIRED'],
      [shown(undefined, { certificateThumbprint: certificate }), 'KEY_PROOF_REQUIRED'],
      [shown(''), 'KEY_PROOF_INVALID'],
      [shown('nonsense'), 'KEY_PROOF_INVALID'],
      [shown(await proofFor(token, {}, thief)), 'KEY_PROOF_INVALID'],
      [shown(await proofFor(token, { method: 'POST' })), 'KEY_PROOF_INVALID'],
      [shown(await proofFor(token, { uri: 'https://api.example/admin' })), 'KEY_PROOF_INVALID'],
      [shown(await proofFor(await issueBound())), 'KEY_PROOF_INVALID'],
      [shown(await proofFor(token), { url: '' }), 'KEY_PROOF_INVALID'],
      [shown(await proofFor(token), { method: 'get' }), 'KEY_PROOF_INVALID'],
    ];
    for (const [proof, verdict] of bad) {
      expect(edge.verify(token, { proof })).toMatchObject({
        active: false,
        verdict,
        source: 'EDGE',
      });
    }
    expect(edge.metrics().unsure.PROOF).toBe(asked);
  });

  test('is judged by its requirements as well', async () => {
    const token = await issueBound();
    const proof = shown(await proofFor(token));
    expect(await edge.verify(token, { proof, scopes: ['admin'] })).toMatchObject({
      verdict: 'INSUFFICIENT_SCOPE',
    });
  });
});

test('an edge that remembers proofs takes each once, in its time, and asks nobody', async () => {
  const token = await issueBound();
  const proof = shown(await proofFor(token));
  expect(remembering.verify(token, { proof })).toMatchObject({ active: true, source: 'EDGE' });
  expect(remembering.verify(token, { proof })).toMatchObject({ verdict: 'KEY_PROOF_INVALID' });
  const nowS = Math.floor(Date.now() / 1_000);
  for (const iat of [nowS - 600, nowS + 600]) {
    const untimely = shown(await proofFor(token, { claims: { iat } }));
    expect(remembering.verify(token, { proof: untimely })).toMatchObject({
      ...{ verdict: 'KEY_PROOF_INVALID', source: 'EDGE' },
    });
  }
});

test('nothing is taken for safer than it is: an unbound token with a proof is refused', async () => {
  const token = await issue(undefined);
  for (const each of [edge, remembering]) {
    for (const dpop of [await proofFor(token), 'nonsense', '']) {
      expect(await each.verify(token, { proof: shown(dpop) })).toMatchObject({
        verdict: 'KEY_PROOF_INVALID',
      });
    }
    // A certificate that was shown on the way is no claim about the token.
    const proof = shown(undefined, { certificateThumbprint: certificate });
    expect(await each.verify(token, { proof })).toMatchObject({ active: true });
  }
});

test('a token that is bound to a certificate is good over a connection with it, and asks nobody', async () => {
  const token = await issue({ certificateThumbprint: certificate });
  const verdictOf = (proof: ShownKey | undefined) => edge.verify(token, { proof });
  expect(verdictOf(shown(undefined, { certificateThumbprint: certificate }))).toMatchObject({
    ...{ active: true, source: 'EDGE' },
  });
  expect(verdictOf(undefined)).toMatchObject({ verdict: 'KEY_PROOF_REQUIRED' });
  expect(verdictOf(shown(await proofFor(token)))).toMatchObject({ verdict: 'KEY_PROOF_REQUIRED' });
  const other = `${certificate.slice(0, -2)}${certificate.at(-2) === 'A' ? 'B' : 'A'}${certificate.at(-1)}`;
  expect(verdictOf(shown(undefined, { certificateThumbprint: other }))).toMatchObject({
    verdict: 'KEY_PROOF_INVALID',
  });
});

test('what a server is asked says the same of proofs as what an edge says by itself', async () => {
  // In shadow mode the server answers everything, from what the edge passes on.
  const shadow = await connect({ shadow: true });
  try {
    const [bound, bearer] = [await issueBound(), await issue(undefined)];
    const byCertificate = await issue({ certificateThumbprint: certificate });
    const long = 'x'.repeat(5_000);
    const cases: (readonly [string, ShownKey | undefined, string])[] = [
      [bound, undefined, 'KEY_PROOF_REQUIRED'],
      [bound, shown(''), 'KEY_PROOF_INVALID'],
      [bound, shown(long), 'KEY_PROOF_INVALID'],
      [bearer, shown(''), 'KEY_PROOF_INVALID'],
      [bearer, shown(long), 'KEY_PROOF_INVALID'],
      [bearer, shown('nonsense', { url: long.repeat(2), method: long }), 'KEY_PROOF_INVALID'],
      [bearer, shown(undefined, { url: long.repeat(2) }), 'ACTIVE'],
      [byCertificate, shown(undefined), 'KEY_PROOF_REQUIRED'],
      [byCertificate, shown(undefined, { certificateThumbprint: certificate }), 'ACTIVE'],
    ];
    const verdicts = await Promise.all(
      cases.map(([token, proof]) => shadow.verify(token, { proof })),
    );
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(cases.map(([, , verdict]) => verdict));
    expect(shadow.metrics().disagreements).toBe(0);
  } finally {
    await shadow.close();
  }
});

test('a guard takes the proof of a request from its headers, and names what is wrong with it', async () => {
  const guard = createGuard(edge, { scopes: ['read'] });
  const token = await issueBound();
  const about = { method: 'GET', url: '/orders?page=2' };
  const headersFor = (dpop: string, scheme = 'DPoP') => ({
    ...{ host: 'api.example', authorization: `${scheme} ${token}`, dpop },
  });
  expect(await guard(headersFor(await proofFor(token)), about)).toMatchObject({ admitted: true });
  const challengeOf = async (headers: Record<string, string>, request = about) => {
    const guarded = await guard(headers, request);
    return guarded.admitted ? '' : guarded.headers['www-authenticate'];
  };
  expect(await challengeOf(headersFor(await proofFor(token), 'Bearer'))).toMatch(
    /^DPoP error="invalid_token", algs=".*ES256/,
  );
  expect(await challengeOf(headersFor(await proofFor(token, {}, thief)))).toContain(
    'error="invalid_dpop_proof"',
  );
  const elsewhere = { ...headersFor(await proofFor(token)), host: 'api.example/orders?' };
  expect(await challengeOf(elsewhere, { method: 'GET', url: '/admin' })).toContain(
    'error="invalid_dpop_proof"',
  );
  const two = `${await proofFor(token)}, ${await proofFor(token)}`;
  expect(await challengeOf(headersFor(two))).toContain('error="invalid_dpop_proof"');
  const unbound = await issue(undefined);
  const authorization = `DPoP ${unbound}`;
  expect(await challengeOf({ host: 'api.example', authorization })).toContain('invalid_dpop_proof');
});

test('an Express app takes a bound token with its proof, wherever the app is mounted', async () => {
  const app = express();
  const api = express.Router();
  const server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api.get('/orders', expressGuard(edge, { origin }), (_request, response) => {
    response.send('ok');
  });
  app.use('/v1', api);
  try {
    const token = await issueBound();
    const get = async (dpop: string | undefined) => {
      const headers = { authorization: `DPoP ${token}`, ...(dpop && { dpop }) };
      return (await fetch(`${origin}/v1/orders?page=2`, { headers })).status;
    };
    const dpop = await proofFor(token, { uri: `${origin}/v1/orders` });
    expect(await get(dpop)).toBe(200);
    expect(await get(dpop)).toBe(401);
    expect(await get(undefined)).toBe(401);
    expect(await get(await proofFor(token, { uri: `${origin}/orders` }))).toBe(401);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
