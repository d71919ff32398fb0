import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frameOf } from '../../../src/transport/body/frames.ts';
import { startTestServer, type TestServer } from '../../setup/server.ts';

const JWKS = '/signum.v1.KeyService/GetJwks';
const GRPC = 'application/grpc';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Listener = 'public' | 'grpc';

/** The status of HTTP, and that of gRPC if there is one. */
async function ask(
  listener: Listener,
  headers: Record<string, string>,
  body: Uint8Array = frameOf(new Uint8Array()),
): Promise<IncomingHttpHeaders> {
  const { port } = server.server.addresses[listener];
  const session = connect(`https://localhost:${port}`, { ca: server.ca });
  session.on('error', () => {});
  const stream = session.request({ ':method': 'POST', ':path': JWKS, ...headers });
  let told: IncomingHttpHeaders = {};
  const add = (more: IncomingHttpHeaders) => {
    told = { ...told, ...more };
  };
  stream
    .on('response', add)
    .on('trailers', add)
    .on('error', () => {});
  stream.resume();
  stream.end(/^(GET|DELETE)$/.test(headers[':method'] ?? '') ? undefined : Buffer.from(body));
  await once(stream, 'close');
  session.destroy();
  return told;
}

async function outcomeOf(...args: Parameters<typeof ask>): Promise<unknown> {
  const { ':status': http, 'grpc-status': grpc } = await ask(...args);
  return grpc === undefined ? Number(http) : `grpc ${grpc}`;
}

describe.each<Listener>(['grpc', 'public'])('on the listener %s', (listener) => {
  test.each([GRPC, `${GRPC}+proto`, 'Application/gRPC', `${GRPC}+json`])(
    'a call says that it is gRPC: %s',
    async (type) => {
      const body = frameOf(type.endsWith('json') ? Buffer.from('{}') : new Uint8Array());
      expect(await outcomeOf(listener, { 'content-type': type }, body)).toBe('grpc 0');
    },
  );

  test.each(['text/plain', `${GRPC}+thrift`, `${GRPC}; charset=utf-8`, `${GRPC}x`, ''])(
    'one that says something else is no call, and its type is not told back: %j',
    async (type) => {
      const told = await ask(listener, type === '' ? {} : { 'content-type': type });
      expect(told[':status']).toBe(415);
      expect(told['accept-post']).toContain(GRPC);
      expect(told['content-type']).toBe('application/json');
    },
  );

  test.each(['PUT', 'PATCH', 'DELETE'])('%s is no call', async (method) => {
    const told = await ask(listener, { ':method': method, 'content-type': GRPC });
    expect([told[':status'], told.allow]).toEqual([405, expect.stringContaining('POST')]);
  });

  test.each([
    ['grpc-encoding', 'br'],
    ['grpc-encoding', 'gzip, gzip'],
    ['content-encoding', 'gzip'],
    ['connect-content-encoding', 'gzip'],
  ])('%s: %s is not understood, whether or not a message is compressed', async (name, value) => {
    expect(await outcomeOf(listener, { 'content-type': GRPC, [name]: value })).toBe('grpc 12');
    const identity = { 'content-type': GRPC, [name]: 'identity' };
    expect(await outcomeOf(listener, identity)).toBe('grpc 0');
  });

  test('another version of another protocol is refused', async () => {
    const version = { 'content-type': GRPC, 'connect-protocol-version': '2' };
    expect(await outcomeOf(listener, version)).toBe('grpc 3');
  });

  test.each([
    ['a.example', 'b.example', 400],
    ['a.example', 'a.example', 'grpc 0'],
    ['a.example', 'A.example:443', 'grpc 0'],
    ['a.example:8443', 'a.example', 400],
  ])('a request to %s and to %s is to one server', async (authority, host, outcome) => {
    const headers = { 'content-type': GRPC, ':authority': authority, host };
    expect(await outcomeOf(listener, headers)).toBe(outcome);
  });
});

test('a message may be compressed on the gRPC listener, and nowhere else', async () => {
  const headers = { 'content-type': GRPC, 'grpc-encoding': 'gzip' };
  const folded = frameOf(gzipSync(Buffer.alloc(0)));
  folded[0] = 1;
  expect(await outcomeOf('grpc', headers, folded)).toBe('grpc 0');
  expect(await outcomeOf('grpc', headers)).toBe('grpc 0');
  expect(await outcomeOf('public', headers, folded)).toBe('grpc 12');
  expect(await outcomeOf('public', headers)).toBe('grpc 12');
});

test('a page of HTTP/2 that names two servers is refused', async () => {
  const page = { ':method': 'GET', ':path': '/.well-known/jwks.json' };
  const two = { ...page, ':authority': 'a.example', host: 'b.example' };
  expect(await outcomeOf('public', two)).toBe(400);
  expect(await outcomeOf('public', { ...two, host: 'a.example' })).toBe(200);
});
