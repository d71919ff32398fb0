import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Received, send } from '../../listeners/send.ts';
import { startTestServer, type TestServer } from '../../setup/server.ts';
import { sendRaw } from './raw-http.ts';

const APP = 'https://app.example';
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_CORS_ORIGINS: `${APP},http://localhost:3000` });
});
afterAll(() => server.close());

const ALWAYS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000',
  'x-content-type-options': 'nosniff',
};

const ISSUE = '/signum.v1.TokenService/Issue';
const JWKS = '/.well-known/jwks.json';
const JSON_TYPE = { 'content-type': 'application/json' };

interface Case {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Whether a good credential is sent along. */
  readonly isCaller?: boolean;
}

const CASES: readonly [name: string, status: number, request: Case][] = [
  ['the key set', 200, { path: JWKS }],
  ['the head of the key set', 200, { method: 'HEAD', path: JWKS }],
  ['an endpoint and another method', 405, { method: 'POST', path: JWKS }],
  ['an unknown path', 404, { path: '/nothing' }],
  ['an unknown method of a service', 404, { method: 'POST', path: '/signum.v1.TokenService/X' }],
  ['a call without a credential', 401, post('{"device":{}}')],
  ['a message of a stranger that nobody has read', 401, post(`{"x":"${'x'.repeat(70_000)}"}`)],
  ['a message that is none', 400, { ...post('{"device":'), isCaller: true }],
  ['a message that is too long', 429, { ...post(`{"x":"${'x'.repeat(70_000)}"}`), isCaller: true }],
  [
    'a content type that no protocol has',
    415,
    { ...post('x'), headers: { 'content-type': 'a/b' } },
  ],
  [
    'gzip',
    501,
    { ...post('{}'), headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, isCaller: true },
  ],
  [
    'Brotli',
    501,
    { ...post('{}'), headers: { ...JSON_TYPE, 'content-encoding': 'br' }, isCaller: true },
  ],
  ['PUT on a method', 405, { ...post('{}'), method: 'PUT' }],
  ['a preflight', 204, { method: 'OPTIONS', path: ISSUE, headers: { origin: APP } }],
  [
    'a preflight of a stranger',
    204,
    { method: 'OPTIONS', path: ISSUE, headers: { origin: 'https://evil.example' } },
  ],
  ['gRPC-web', 200, { ...post(''), headers: { 'content-type': 'application/grpc-web+proto' } }],
];

function post(body: string): Case {
  return { method: 'POST', path: ISSUE, headers: JSON_TYPE, body };
}

function ask(version: '1.1' | '2', { isCaller, ...request }: Case): Promise<Received> {
  const { port } = server.server.addresses.public;
  const credential = isCaller && { authorization: `Bearer ${server.adminKey}` };
  const headers = { ...request.headers, ...credential };
  return send({ version, port, ca: Buffer.from(server.ca), ...request, headers });
}

describe.each(['1.1', '2'] as const)('on HTTP/%s', (version) => {
  test.each(CASES)(
    'the answer to %s is %i, with the security headers',
    async (_, status, request) => {
      const answer = await ask(version, request);
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject(ALWAYS);
      const cached = request.path === JWKS && status === 200;
      expect(answer.headers['cache-control']).toBe(cached ? 'public, max-age=600' : 'no-store');
    },
  );

  describe('CORS', () => {
    const call = (origin: string | undefined) =>
      ask(version, { ...post('{}'), headers: { ...JSON_TYPE, ...(origin && { origin }) } });

    test.each([APP, 'http://localhost:3000'])('lets %s read answers', async (origin) => {
      const { headers } = await call(origin);
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(headers['vary']).toBe('Origin');
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    });

    test.each([
      'https://app.example.evil.example',
      'https://evil-app.example',
      'https://APP.example',
      'http://app.example',
      `${APP}:444`,
      `${APP}/`,
      'null',
      '*',
      `${APP},https://evil.example`,
      undefined,
    ])('does not let %s, and echoes it nowhere', async (origin) => {
      for (const answer of [
        await call(origin),
        await ask(version, { method: 'OPTIONS', path: ISSUE, headers: { origin: origin ?? '' } }),
      ]) {
        const allowed = Object.keys(answer.headers).filter((name) =>
          name.startsWith('access-control-'),
        );
        expect(allowed).toEqual([]);
        expect(answer.headers['vary']).toBe('Origin');
      }
    });
  });
});

describe('what the HTTP/1.1 parser refuses', () => {
  test.each([
    ['no HTTP', 400, 'GARBAGE\r\n\r\n'],
    ['no Host', 400, `GET ${JWKS} HTTP/1.1\r\n\r\n`],
    ['two lengths', 400, request('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['a length that is none', 400, request('Content-Length: -1')],
    ['a NUL in a header', 400, request('X: a\0b')],
    ['a folded header', 400, request('X: a', ' b')],
    ['headers beyond 16 KiB', 431, request(`X: ${'x'.repeat(17_000)}`)],
  ])('%s: the answer is %i, with the security headers', async (_, status, bytes) => {
    const answer = await sendRaw(server, bytes);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject(ALWAYS);
    expect(answer.headers.get('connection')).toBe('close');
  });

  test('what else a client expects is not met', async () => {
    const answer = await sendRaw(server, request('Expect: the-moon'));
    expect(Object.fromEntries(answer.headers)).toMatchObject(ALWAYS);
    expect(answer.status).toBe(417);
  });

  test('nobody is put through to anywhere', async () => {
    const answer = await sendRaw(server, 'CONNECT db:6379 HTTP/1.1\r\nHost: db:6379\r\n\r\n');
    expect(answer).toMatchObject({ status: 0, closed: true });
  });
});

function request(...headers: readonly string[]): string {
  return `${['GET /nothing HTTP/1.1', 'Host: a', ...headers].join('\r\n')}\r\n\r\n`;
}
