import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Asked, type CannedRpc, createCannedRpc } from '../../../test/listeners/canned-rpc.ts';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { type Sent, send } from '../../../test/listeners/send.ts';
import { createTestRpc } from '../../../test/listeners/test-rpc.ts';
import { JWKS_PATH, jwks } from '../../oauth/jwks.ts';
import type { Listener } from '../listener.ts';
import { openTlsFiles, type TlsSource } from '../tls/files.ts';
import { createEndpoints } from './endpoints.ts';
import { startPublic } from './public.ts';

const warnings: unknown[] = [];
const log = { info: () => {}, warn: (fields: unknown) => warnings.push(fields) };
const ORIGIN = 'https://app.example';
const REFRESH = '/signum.v1.TokenService/Refresh';
const call = { method: 'POST', path: REFRESH, body: '{}' };
const json = { 'content-type': 'application/json' };
const SECURITY = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000',
  'x-content-type-options': 'nosniff',
};

let certificates: TestCertificates;
let tls: TlsSource;
let rpc: CannedRpc;
let listener: Listener;

beforeAll(async () => {
  certificates = await createTestCertificates();
  tls = await openTlsFiles({ files: certificates.files, log });
});

beforeEach(async () => {
  rpc = createCannedRpc();
  warnings.length = 0;
  const ring = { jwksJson: () => '{"keys":[]}' };
  const endpoints = createEndpoints(createTestRpc().pipeline, [jwks({ ring })]);
  const options = { rpc, tls, log, endpoints, corsOrigins: [ORIGIN] };
  listener = await startPublic({ ...options, host: '127.0.0.1', port: 0 });
});

afterEach(() => listener.close());

afterAll(() => {
  tls.close();
  certificates.remove();
});

function request(sent: Omit<Sent, 'port' | 'ca'>) {
  return send({ port: listener.address.port, ca: certificates.ca, ...sent });
}

describe.each(['1.1', '2'] as const)('over HTTP/%s', (version) => {
  test.each([
    ['the direct path', { ...call, headers: json }, 200],
    ['connect-node', { ...call, headers: { ...json, 'content-encoding': 'gzip' } }, 501],
    ['an unknown path', { path: '/nothing' }, 404],
    ['a preflight', { path: REFRESH, method: 'OPTIONS', headers: { origin: ORIGIN } }, 204],
  ])('%s answers with the security headers', async (_name, sent, status) => {
    const answer = await request({ version, ...sent });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ ...SECURITY, vary: 'Origin' });
  });

  test('an unknown path is an UNIMPLEMENTED error as JSON', async () => {
    const answer = await request({ version, path: '/signum.v1.TokenService/Nothing' });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      code: 'unimplemented',
      details: [{ debug: { reason: 'UNIMPLEMENTED', domain: 'signum' } }],
    });
  });

  test('the key set is there for everybody, and may be cached', async () => {
    const headers = { origin: 'https://elsewhere.example' };
    const answer = await request({ version, path: JWKS_PATH, headers });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('{"keys":[]}');
    expect(answer.headers).toMatchObject({
      ...SECURITY,
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=600',
      'content-length': '11',
    });
    const head = await request({ version, method: 'HEAD', path: JWKS_PATH });
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, '11']);
    const etag = String(answer.headers['etag']);
    const again = await request({ version, path: JWKS_PATH, headers: { 'if-none-match': etag } });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const post = await request({ version, path: JWKS_PATH, method: 'POST', body: 'x' });
    expect([post.status, post.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test.each([
    ['the direct path', json],
    ['connect-node', { ...json, 'content-encoding': 'identity', 'connect-timeout-ms': 'x' }],
  ])('%s lets pages of a listed origin read the answer', async (_name, headers) => {
    const answer = await request({ version, ...call, headers: { ...headers, origin: ORIGIN } });
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': ORIGIN, vary: 'Origin' });
    expect(answer.headers['access-control-expose-headers']).toContain('Grpc-Status');
  });

  test.each([
    'https://evil.example',
    'https://app.example.evil.example',
    'null',
    'HTTPS://APP.EXAMPLE',
  ])('the origin %s is never echoed', async (origin) => {
    for (const method of ['POST', 'OPTIONS']) {
      const headers = { ...json, origin, 'access-control-request-method': 'POST' };
      const answer = await request({ version, ...call, method, headers });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.headers).not.toHaveProperty('access-control-allow-headers');
      expect(answer.headers['vary']).toBe('Origin');
    }
  });

  test('a preflight of a listed origin allows what the protocols need, for two hours', async () => {
    const headers = { origin: ORIGIN, 'access-control-request-method': 'POST' };
    const answer = await request({ version, path: REFRESH, method: 'OPTIONS', headers });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'POST, GET',
      'access-control-max-age': '7200',
    });
    const allowed = String(answer.headers['access-control-allow-headers']);
    expect(allowed).toContain('Authorization');
    expect(allowed).toContain('Connect-Protocol-Version');
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test('calls under way are answered while the listener drains', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    rpc.before = () => {
      begun.resolve();
      return promise;
    };
    const answer = request({ version, ...call, headers: json });
    await begun.promise;
    const drained = listener.drain();
    resolve();
    expect((await answer).status).toBe(200);
    await drained;
    await expect(request({ version, ...call, headers: json })).rejects.toThrow('ECONNREFUSED');
  });
});

test('a header block that is too long is refused', async () => {
  const headers = { ...json, 'x-long': 'x'.repeat(20_000) };
  const answer = await request({ version: '1.1', ...call, headers });
  expect(answer.status).toBe(431);
  expect(rpc.seen).toEqual([]);
});

test.each([
  ['no host at all', 'POST / HTTP/1.0\r\n\r\n'.replace('/ ', `${REFRESH} `)],
  ['a host that makes no URL', `POST ${REFRESH} HTTP/1.1\r\nhost: [\r\n\r\n`],
])('a request with %s does not end the process', async (_name, text) => {
  const socket = connectTls({
    port: listener.address.port,
    host: 'localhost',
    ca: certificates.ca,
    ALPNProtocols: ['http/1.1'],
  });
  socket.write(text);
  const [chunk] = await once(socket, 'data');
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 4\d\d /);
  socket.destroy();
  expect((await request({ version: '1.1', ...call, headers: json })).status).toBe(200);
});

test('what clients send that is none of HTTP writes nothing to the log', async () => {
  for (let i = 0; i < 20; i += 1) {
    const text = `POST ${REFRESH} HTTP/1.1\r\nhost: [\r\ncontent-type: application/grpc-web+proto\r\n\r\n`;
    const { port } = listener.address;
    const options = { port, host: 'localhost', ca: certificates.ca };
    const socket = connectTls({ ...options, ALPNProtocols: ['http/1.1'] });
    socket.write(text);
    await once(socket, 'data');
    socket.destroy();
  }
  expect(warnings).toEqual([]);
});

describe.each(['1.1', '2'] as const)('a method over HTTP/%s', (version) => {
  test.each(['GET', 'PUT', 'DELETE', 'HEAD'])(
    'is no thing to %s, and says what it is',
    async (method) => {
      const answer = await request({ version, path: REFRESH, method });
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
    },
  );

  test('without side effects may be got as well', async () => {
    const path = '/signum.v1.KeyService/GetJwks';
    const answer = await request({ version, path, method: 'PUT' });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST, GET']);
  });
});

test.each(['/signum.v1.TokenService/Nothing', '/no.such.Service/Nothing', '/'])(
  'gRPC to %s is UNIMPLEMENTED in the way of gRPC',
  async (path) => {
    const headers = { 'content-type': 'application/grpc', te: 'trailers' };
    const answer = await request({ version: '2', path, method: 'POST', headers });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/grpc', 'grpc-status': '12' },
    });
    expect(answer.headers).toMatchObject(SECURITY);
  },
);

test('a client without ALPN is served HTTP/1.1', async () => {
  const socket = connectTls({
    port: listener.address.port,
    host: 'localhost',
    ca: certificates.ca,
  });
  socket.write(`GET ${JWKS_PATH} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  const [chunk] = await once(socket, 'data');
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
});

test('TLS below 1.2 is refused', async () => {
  const socket = connectTls({
    port: listener.address.port,
    host: 'localhost',
    ca: certificates.ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const [error] = await once(socket, 'error');
  expect(error).toHaveProperty('code');
});

test('a client that goes away ends its call', async () => {
  const signal = Promise.withResolvers<Asked['signal']>();
  rpc.before = (request) => {
    signal.resolve(request.signal);
    return new Promise(() => {});
  };
  const session = connectHttp2(`https://localhost:${listener.address.port}`, {
    ca: certificates.ca,
  });
  const stream = session.request({ ':method': 'POST', ':path': REFRESH, ...json });
  stream.on('error', () => {});
  stream.end('{}');
  const received = await signal.promise;
  stream.close();
  await expect.poll(() => received?.aborted).toBe(true);
  session.destroy();
});

test('an idle HTTP/2 connection is told to go elsewhere when the listener drains', async () => {
  const session = connectHttp2(`https://localhost:${listener.address.port}`, {
    ca: certificates.ca,
  });
  await once(session, 'remoteSettings');
  const goaway = once(session, 'goaway');
  const closed = once(session, 'close');
  const drained = listener.drain();
  expect((await goaway)[0]).toBe(0);
  await closed;
  await drained;
});

test('a flood of streams that are reset at once ends the connection, and nobody else’s', async () => {
  const session = connectHttp2(`https://localhost:${listener.address.port}`, {
    ca: certificates.ca,
  });
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  const ended = new Promise<void>((resolve) => session.once('close', resolve));
  const flood = setInterval(() => {
    for (let i = 0; i < 100 && !session.closed; i++) {
      const stream = session.request({ ':method': 'POST', ':path': REFRESH, ...json });
      stream.on('error', () => {});
      stream.close(8);
    }
  }, 1);
  await ended;
  clearInterval(flood);
  expect((await request({ version: '2', ...call, headers: json })).status).toBe(200);
});
