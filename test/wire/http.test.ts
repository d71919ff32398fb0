import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyService, startTestServer, type TestServer } from '../setup/server.ts';
import { httpsRequest } from './https-request.ts';

const JWKS = '/.well-known/jwks.json';
const VALIDATE = '/signum.v1.TokenService/Validate';
const ORIGIN = 'https://app.example';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    SIGNUM_CORS_ORIGINS: `${ORIGIN},http://localhost:5173,capacitor://localhost`,
    SIGNUM_CORS_HEADERS: 'traceparent,baggage',
  });
});
afterAll(() => server.close());

describe('the key set', () => {
  test('is what GetJwks answers, for everyone, and may be kept until a new key signs', async () => {
    const { jwksJson } = await server.client(KeyService, null).getJwks({});
    const answer = await httpsRequest(server, JWKS);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual(JSON.parse(jwksJson));
    expect(answer.headers).toMatchObject({
      'content-type': 'application/jwk-set+json',
      'cache-control': 'public, max-age=600',
      'access-control-allow-origin': '*',
      etag: expect.stringMatching(/^"[\w-]+"$/),
    });
  });

  test('is not sent again to who has it, and is to who has another', async () => {
    const { headers } = await httpsRequest(server, JWKS);
    const etag = headers.etag ?? '';
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await httpsRequest(server, JWKS, { headers: { 'if-none-match': tag } });
      expect([again.status, again.body, again.headers.etag]).toEqual([304, '', etag]);
    }
    const other = await httpsRequest(server, JWKS, { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });

  test('has another tag once there is another key', async () => {
    const before = await httpsRequest(server, JWKS);
    await server.client(KeyService).rotateKey({});
    const after = await httpsRequest(server, JWKS);
    expect(after.headers.etag).not.toBe(before.headers.etag);
    expect(JSON.parse(after.body).keys).toHaveLength(JSON.parse(before.body).keys.length + 1);
  });

  test('answers HEAD without the body, and nothing else', async () => {
    const head = await httpsRequest(server, JWKS, { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, '']);
    const post = await httpsRequest(server, JWKS, { method: 'POST' });
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

function preflight(origin: string, path = VALIDATE) {
  return httpsRequest(server, path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,connect-protocol-version,content-type',
    },
  });
}

function validate(headers: Readonly<Record<string, string>>) {
  return httpsRequest(server, VALIDATE, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${server.adminKey}`,
      ...headers,
    },
    body: JSON.stringify({ token: 'nonsense' }),
  });
}

describe('CORS', () => {
  test.each([ORIGIN, 'http://localhost:5173', 'capacitor://localhost'])(
    'lets pages of %s call',
    async (origin) => {
      const asked = await preflight(origin);
      expect(asked.status).toBe(204);
      expect(asked.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': expect.stringContaining('POST'),
        'access-control-allow-headers': expect.stringMatching(
          /authorization.*traceparent, baggage/i,
        ),
        vary: 'Origin',
      });
      expect(asked.headers).not.toHaveProperty('access-control-allow-credentials');
      const { status, headers } = await validate({ origin });
      expect(status).toBe(200);
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(headers['access-control-expose-headers']).toMatch(/grpc-status-details-bin/i);
    },
  );

  test.each([
    'https://evil.example',
    'ionic://localhost',
    'capacitor://localhost.evil',
    'https://app.example.evil.example',
    'https://sub.app.example',
    'http://app.example',
    'https://app.example:8443',
    'null',
  ])('tells browsers nothing for pages of %s', async (origin) => {
    for (const { headers } of [await preflight(origin), await validate({ origin })]) {
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers.vary).toBe('Origin');
    }
  });

  test('speaks to gRPC-web errors too, so that pages can read them', async () => {
    const { headers } = await httpsRequest(server, VALIDATE, {
      method: 'POST',
      headers: { origin: ORIGIN, 'content-type': 'application/grpc-web+proto' },
      body: '\0\0\0\0\0',
    });
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
  });
});

describe('every answer of the public listener', () => {
  test.each([
    ['a verdict', () => validate({})],
    ['an error', () => httpsRequest(server, VALIDATE, jsonBody('{'))],
    ['a path of nothing', () => httpsRequest(server, '/nothing')],
    ['a gRPC-web answer', () => httpsRequest(server, VALIDATE, grpcWeb())],
  ])('is not to be kept, framed, sniffed or sent in clear: %s', async (_, request) => {
    const { headers } = await request();
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringMatching(/^max-age=\d{8}/),
      'x-content-type-options': 'nosniff',
    });
    for (const name of ['server', 'x-powered-by']) expect(headers).not.toHaveProperty(name);
  });

  test('is 404 for a path of nothing, and 415 or a refusal for what is no message', async () => {
    expect((await httpsRequest(server, '/nothing')).status).toBe(404);
    expect((await httpsRequest(server, '/signum.v1.TokenService/Nothing')).status).toBe(404);
    const text = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' };
    expect((await httpsRequest(server, VALIDATE, text)).status).toBe(415);
    const { method, headers, body } = jsonBody('{');
    const credential = { authorization: `Bearer ${server.adminKey}` };
    const known = { method, headers: { ...headers, ...credential }, body };
    expect((await httpsRequest(server, VALIDATE, known)).status).toBe(400);
  });

  test('never takes a token from the address', async () => {
    const message = encodeURIComponent(JSON.stringify({ token: 'x' }));
    const path = `${VALIDATE}?connect=v1&encoding=json&message=${message}`;
    expect((await httpsRequest(server, path)).status).toBe(405);
  });
});

function jsonBody(body: string) {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body };
}

function grpcWeb() {
  const headers = { 'content-type': 'application/grpc-web+proto' };
  return { method: 'POST', headers, body: '\0\0\0\0\0' };
}

describe('the operations listener', () => {
  async function get(path: string): Promise<{ status: number; type: string; text: string }> {
    const answer = await fetch(`${server.opsAddress}${path}`);
    const type = answer.headers.get('content-type') ?? '';
    return { status: answer.status, type, text: await answer.text() };
  }

  test('says that the process lives and is ready', async () => {
    expect(await get('/livez')).toMatchObject({ status: 200 });
    const ready = await get('/readyz');
    expect([ready.status, JSON.parse(ready.text)]).toEqual([200, { ready: true, failed: [] }]);
    expect((await get('/nothing')).status).toBe(404);
  });

  test('counts calls by method and outcome, and holds no id and no secret', async () => {
    await validate({});
    const { status, type, text } = await get('/metrics');
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')]);
    expect(text).toContain('Validate');
    expect(text).not.toContain(server.adminKey);
    expect(text).not.toContain('nonsense');
  });

  test('serves no call', async () => {
    const answer = await fetch(`${server.opsAddress}${VALIDATE}`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(405);
  });
});
