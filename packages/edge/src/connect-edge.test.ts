import { afterEach, expect, test } from 'vitest';
import { API_KEY, type FakeSignum, startFakeSignum } from '../../../test/setup/fake-signum.ts';
import { until } from '../../../test/setup/until.ts';
import { connectEdge } from './connect-edge.ts';
import type { Edge, EdgeOptions } from './edge.ts';
import { EdgeError } from './edge-error.ts';

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function connected(
  options: Partial<EdgeOptions> = {},
  lease?: { readonly leaseMs: number },
): Promise<{ signum: FakeSignum; edge: Edge }> {
  const signum = await startFakeSignum(lease);
  opened.push(signum);
  const { address, ca } = signum;
  const edge = await connectEdge({ address, credentials: { apiKey: API_KEY, ca }, ...options });
  opened.push(edge);
  return { signum, edge };
}

test('answers for good tokens at once and from memory, with what they say', async () => {
  const { signum, edge } = await connected();
  expect(edge.state).toBe('LIVE');
  const token = signum.token({ role: 'admin' });
  for (let i = 0; i < 2; i += 1) {
    expect(edge.verify(token, { scopes: ['read'] })).toMatchObject({
      ...{ active: true, verdict: 'ACTIVE', source: 'EDGE' },
      token: {
        tenantId: 'acme',
        userId: 'ada',
        scopes: ['read', 'write'],
        claims: { role: 'admin' },
      },
    });
  }
  expect(signum.asked).toEqual([]);
  expect(edge.staleness()).toBeLessThan(2_000);
  expect(edge.metrics()).toMatchObject({
    answered: { EDGE: 2, SERVER: 0, STALE: 0, NONE: 0 },
    knownTokens: 1,
  });
});

test('refuses by itself what cannot be good', async () => {
  const { signum, edge } = await connected();
  const token = signum.token();
  const verdictOf = (text: string, wanted = {}) => edge.verify(text, wanted);
  const [head, payload] = token.split('.');
  expect(verdictOf('nonsense')).toMatchObject({ active: false, verdict: 'MALFORMED' });
  expect(verdictOf(undefined as unknown as string)).toMatchObject({ verdict: 'MALFORMED' });
  const foreign = `${head}.${payload}.${signum.token().split('.')[2]}`;
  expect(verdictOf(foreign)).toMatchObject({ active: false, verdict: 'BAD_SIGNATURE' });
  expect(verdictOf(signum.token({ iss: 'https://other.example' }))).toMatchObject({
    verdict: 'WRONG_ISSUER',
  });
  expect(verdictOf(token, { scopes: ['admin'] })).toMatchObject({ verdict: 'INSUFFICIENT_SCOPE' });
  expect(verdictOf(token, { audience: 'billing' })).toMatchObject({ verdict: 'WRONG_AUDIENCE' });
  expect(verdictOf(signum.token({ aud: 'elsewhere' }))).toMatchObject({
    verdict: 'WRONG_AUDIENCE',
  });
  const longAgo = Math.floor(Date.now() / 1_000) - 3_600;
  expect(await verdictOf(signum.token({ exp: longAgo }))).toMatchObject({ active: false });
  expect(edge.metrics().answered.NONE).toBe(0);
});

test('refuses a known token under another spelling of its signature', async () => {
  const { signum, edge } = await connected();
  const token = signum.token();
  expect(edge.verify(token)).toMatchObject({ active: true });
  for (const text of [`${token} `, ` ${token}`, `${token}=`, token.slice(0, -1), `${token}.`]) {
    expect(edge.verify(text)).toMatchObject({ active: false });
  }
});

test('refuses what has ended as soon as the feed has told, and acknowledges it', async () => {
  const { signum, edge } = await connected();
  const token = signum.token();
  expect(edge.verify(token)).toMatchObject({ active: true });
  signum.end(token);
  await until('the feed has told', () => edge.metrics().endedTokens === 1);
  expect(edge.verify(token)).toMatchObject({
    ...{ active: false, verdict: 'REVOKED', reason: 'LOGOUT', source: 'EDGE' },
  });
  await until('it is acknowledged', () => signum.acknowledged.length > 0);
});

test('knows from the snapshot what ended before it came', async () => {
  const signum = await startFakeSignum();
  opened.push(signum);
  const token = signum.token();
  signum.end(token);
  const { address, ca } = signum;
  const edge = await connectEdge({ address, credentials: { apiKey: API_KEY, ca } });
  opened.push(edge);
  expect(edge.verify(token)).toMatchObject({ active: false, verdict: 'REVOKED' });
});

test('asks the server about tokens of about the time of a watermark, and only about those', async () => {
  const { signum, edge } = await connected();
  const nowS = Math.floor(Date.now() / 1_000);
  const [before, about, after] = [-100, -60, -20].map((ago) => signum.token({ iat: nowS + ago }));
  signum.markTenant('acme', (nowS - 60) * 1_000);
  await until('the feed has told', () => edge.metrics().watermarks === 4);
  expect(edge.verify(before as string)).toMatchObject({ verdict: 'REVOKED', reason: 'TENANT' });
  expect(edge.verify(after as string)).toMatchObject({ active: true, source: 'EDGE' });
  expect(await edge.verify(about as string)).toMatchObject({ active: true, source: 'SERVER' });
  expect(signum.asked).toEqual([about]);
});

test('asks about keys and algorithms that it does not know', async () => {
  const { signum, edge } = await connected();
  await edge.verify(signum.token({}, { kid: 'k2' }));
  await edge.verify(signum.token({}, { alg: 'HS256', kid: 'h1' }));
  expect(signum.asked).toHaveLength(2);
  expect(edge.metrics().unsure.KEY).toBe(2);
});

test('asks when its lease is over, once for each token however many want to know', async () => {
  const { signum, edge } = await connected({}, { leaseMs: 300 });
  signum.grants = false;
  await until('the lease is over', () => edge.state === 'STALE');
  const [token, other] = [signum.token(), signum.token()];
  const asked = [token, token, other, token].map((text) => edge.verify(text));
  for (const verdict of await Promise.all(asked)) {
    expect(verdict).toMatchObject({ active: true, source: 'SERVER' });
  }
  expect(signum.asked.sort()).toEqual([token, other].sort());
  expect(signum.calls).toBe(1);
  signum.grants = true;
  await until('there is a lease again', () => edge.state === 'LIVE');
  expect(edge.verify(token)).toMatchObject({ active: true, source: 'EDGE' });
});

test('lets nothing in when its lease is over and the server cannot answer', async () => {
  const { signum, edge } = await connected({}, { leaseMs: 300 });
  const token = signum.token();
  expect(edge.verify(token)).toMatchObject({ active: true });
  signum.grants = false;
  signum.answers = false;
  await until('the lease is over', () => edge.state === 'STALE');
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => edge.verify(token)));
  for (const verdict of verdicts) {
    expect(verdict).toMatchObject({ active: false, verdict: 'UNAVAILABLE', source: 'NONE' });
  }
  // It does not storm: a server that has just failed is left alone for a while.
  expect(signum.calls).toBe(1);
});

test('asks for no more tokens at a time than it may', async () => {
  const { signum, edge } = await connected({ maxWaiting: 3 }, { leaseMs: 300 });
  signum.grants = false;
  await until('the lease is over', () => edge.state === 'STALE');
  const verdicts = await Promise.all(Array.from({ length: 5 }, () => edge.verify(signum.token())));
  expect(verdicts.filter(({ verdict }) => verdict === 'UNAVAILABLE')).toHaveLength(2);
  expect(edge.metrics().refused).toBe(2);
});

test('goes on answering through a lost connection, and goes on where the stream ended', async () => {
  const { signum, edge } = await connected({}, { leaseMs: 20_000 });
  const token = signum.token();
  signum.cut();
  await until('the connection is lost', () => edge.metrics().feed.DISCONNECTED > 0);
  expect(edge.verify(token)).toMatchObject({ active: true, source: 'EDGE' });
  await until('another stream has begun', () => signum.starts.length === 2);
  expect(signum.starts).toEqual([false, true]);
});

test('in shadow mode the server answers, and what the edge would have said is compared', async () => {
  const { signum, edge } = await connected({ shadow: true });
  const token = signum.token();
  expect(await edge.verify(token)).toMatchObject({ active: true, source: 'SERVER' });
  expect(edge.metrics().disagreements).toBe(0);
});

test('says what to change when the credentials are not accepted', async () => {
  const signum = await startFakeSignum();
  opened.push(signum);
  const { address, ca } = signum;
  const refused = connectEdge({ address, credentials: { apiKey: 'sgn_wrong', ca } });
  await expect(refused).rejects.toMatchObject({ name: 'EdgeError', reason: 'CREDENTIALS' });
  await expect(connectEdge({ address: 'http://localhost:1', credentials: {} })).rejects.toThrow(
    EdgeError,
  );
});

test('answers nothing once it is closed', async () => {
  const { signum, edge } = await connected();
  const token = signum.token();
  await edge.close();
  expect(edge.state).toBe('CLOSED');
  expect(edge.verify(token)).toMatchObject({ active: false, verdict: 'UNAVAILABLE' });
});

test('accepts what it knew last when nobody answers, if it is told to, and for so long', async () => {
  const { signum, edge } = await connected(
    { onStale: 'ACCEPT', staleForMs: 3_600_000 },
    { leaseMs: 300 },
  );
  const [token, ended] = [signum.token(), signum.token()];
  signum.end(ended);
  await until('the feed has told', () => edge.metrics().endedTokens === 1);
  signum.grants = false;
  await until('the lease is over', () => edge.state === 'STALE');
  // The server knows better while it answers.
  expect(await edge.verify(token)).toMatchObject({ active: true, source: 'SERVER' });
  signum.answers = false;
  expect(await edge.verify(token)).toMatchObject({ active: true, source: 'STALE' });
  expect(await edge.verify(ended)).toMatchObject({ active: false, verdict: 'REVOKED' });
  expect(await edge.verify(token, { scopes: ['admin'] })).toMatchObject({ active: false });
  const unknown = await edge.verify(signum.token({}, { kid: 'k2' }));
  expect(unknown).toMatchObject({ verdict: 'UNAVAILABLE', source: 'NONE' });
  expect(edge.staleness()).toBeGreaterThan(290);
  expect(edge.metrics().answered.STALE).toBe(2);
});

test('accepts no longer than it was told to what it knew last', async () => {
  const { signum, edge } = await connected({ onStale: 'ACCEPT', staleForMs: 50 }, { leaseMs: 300 });
  const token = signum.token();
  signum.grants = false;
  signum.answers = false;
  await until('it answers from nothing', () => edge.staleness() === Number.POSITIVE_INFINITY);
  expect(await edge.verify(token)).toMatchObject({ verdict: 'UNAVAILABLE', active: false });
});

test.each([
  [{ onStale: 'ACCEPT' }],
  [{ staleForMs: 1_000 }],
  [{ onStale: 'ACCEPT', staleForMs: 0 }],
  [{ onStale: 'ACCEPT', staleForMs: Number.POSITIVE_INFINITY }],
  [{ onStale: 'accept', staleForMs: 1_000 }],
])('never accepts without an end, nor by accident: %o', async (options) => {
  const refused = connectEdge({
    ...{ address: 'https://localhost:1', credentials: {} },
    ...(options as Partial<EdgeOptions>),
  });
  await expect(refused).rejects.toMatchObject({ reason: 'OPTIONS' });
});

test.each<[string, object]>([
  ['audiences', { audiences: ['api'] }],
  ['staleForMS', { staleForMS: 1_000 }],
  ['audience', { audience: '' }],
  ['audience', { audience: ['api'] }],
  ['maxTokens', { maxTokens: 0 }],
  ['maxTokens', { maxTokens: 1.5 }],
  ['maxWaiting', { maxWaiting: '10' }],
  ['askTimeoutMs', { askTimeoutMs: Number.POSITIVE_INFINITY }],
  ['waitMs', { waitMs: -1 }],
  ['tenantIds', { tenantIds: 'acme' }],
  ['proofReplay', { proofReplay: 'edge' }],
  ['proofLifetimeMs', { proofLifetimeMs: 0 }],
  ['shadow', { shadow: 'yes' }],
  ['onError', { onError: true }],
  ['credentials', { credentials: undefined }],
  ['address', { address: undefined }],
  ['address', { address: 8443 }],
])('says of the option %s what it must be: %o', async (name, options) => {
  const refused = connectEdge({
    ...{ address: 'https://localhost:1', credentials: {} },
    ...(options as Partial<EdgeOptions>),
  });
  await expect(refused).rejects.toMatchObject({
    ...{ reason: 'OPTIONS', message: expect.stringContaining(`\`${name}\` `) },
  });
});
