import { Agent } from 'node:https';
import { toBinary, toJsonString } from '@bufbuild/protobuf';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CannedRpc, createCannedRpc, filled } from '../../../test/listeners/canned-rpc.ts';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { type NodeRequests, recordNodeRequests } from '../../../test/listeners/node-requests.ts';
import { type Received, send } from '../../../test/listeners/send.ts';
import { CODE_OF } from '../../domain/errors.ts';
import { pathOf, unaryMethods } from '../../rpc/rpc.ts';
import { startPublic } from '../http/public.ts';
import type { Listener } from '../listener.ts';
import { openTlsFiles, type TlsSource } from '../tls/files.ts';

const log = { info: () => {}, warn: () => {} };
const VERSIONS = ['1.1', '2'] as const;
const METHODS = unaryMethods(createCannedRpc());
const REFRESH = '/signum.v1.TokenService/Refresh';

let certificates: TestCertificates;
let tls: TlsSource;
let rpc: CannedRpc;
let direct: Listener;
let reference: Listener;
let node: NodeRequests;

beforeAll(async () => {
  certificates = await createTestCertificates();
  tls = await openTlsFiles({ files: certificates.files, log });
  rpc = createCannedRpc();
  const options = { rpc, tls, log, host: '127.0.0.1', port: 0 };
  direct = await startPublic(options);
  reference = await startPublic({ ...options, directUnary: false });
});

beforeEach(() => {
  rpc.seen.length = 0;
  rpc.before = () => {};
  node = recordNodeRequests();
});

afterEach(() => node.stop());

afterAll(async () => {
  await Promise.all([direct.close(), reference.close()]);
  tls.close();
  certificates.remove();
});

interface Request {
  readonly version: '1.1' | '2';
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** Sends the same to both, expects the same from both, and returns it. */
async function compare(request: Request): Promise<Received> {
  const post = { ca: certificates.ca, method: 'POST', ...request };
  const [ours, theirs] = await Promise.all([
    send({ ...post, port: direct.address.port }),
    send({ ...post, port: reference.address.port }),
  ]);
  expect(comparable(ours)).toEqual(comparable(theirs));
  if (request.version === '1.1') {
    expect(comparable(await sendAfterAnother(request))).toEqual(comparable(theirs));
  }
  return ours;
}

/** Sends to the direct listener, on a connection that has carried a usual call. */
async function sendAfterAnother(request: Request): Promise<Received> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = { ca: certificates.ca, port: direct.address.port, method: 'POST', agent };
  const headers = { 'content-type': 'application/json' };
  const before = rpc.seen.length;
  await send({ ...post, version: '1.1', path: REFRESH, headers, body: '{}' });
  rpc.seen.splice(before);
  const answer = await send({ ...post, ...request });
  expect(answer.isReused).toBe(true);
  agent.destroy();
  return answer;
}

/** How many of the calls on connections that stay open Node's own HTTP has served. */
function keptByNode(): number {
  return node.served.filter(({ headers }) => headers.connection === 'keep-alive').length;
}

/** Everything but what depends on the moment and on the connection. */
function comparable({ status, headers, body }: Received) {
  const { date: _, connection: __, 'keep-alive': ___, ...rest } = headers;
  return { status, headers: rest, body: body.toString('latin1') };
}

describe.each(VERSIONS)('over HTTP/%s the direct path answers as connect-node does', (version) => {
  test.each(METHODS.map((method) => [method.name, method] as const))(
    'to %s in protobuf and in JSON',
    async (_name, method) => {
      const message = filled(method.input);
      const path = pathOf(method);
      const authorization = 'Bearer abc';
      const proto = { authorization, 'content-type': 'application/proto' };
      const binary = await compare({
        version,
        path,
        headers: proto,
        body: toBinary(method.input, message),
      });
      expect(binary.body).toEqual(Buffer.from(toBinary(method.output, filled(method.output))));
      const json = { authorization, 'content-type': 'application/json' };
      const text = toJsonString(method.input, message);
      const answer = await compare({ version, path, headers: json, body: text });
      expect(JSON.parse(answer.body.toString())).toBeTypeOf('object');
      const sent = version === '1.1' ? 6 : 4;
      expect(rpc.seen).toEqual(Array.from({ length: sent }, () => rpc.seen[0]));
      expect(keptByNode()).toBe(0);
    },
  );

  test.each(Object.keys(CODE_OF))('with the error %s', async (reason) => {
    const headers = { 'content-type': 'application/json', 'x-reason': reason };
    const answer = await compare({ version, path: REFRESH, headers, body: '{}' });
    const error = JSON.parse(answer.body.toString());
    expect(error.details[0]).toMatchObject({ type: 'google.rpc.ErrorInfo', debug: { reason } });
    await compare({
      version,
      path: REFRESH,
      headers: { ...headers, 'content-type': 'application/proto' },
      body: new Uint8Array(),
    });
  });

  test.each<[string, Partial<Request>, number]>([
    ['an empty body', { body: '' }, 400],
    ['JSON that is none', { body: '{' }, 400],
    ['JSON of another shape', { body: '{"refreshToken": 1}' }, 400],
    ['an unknown field', { body: '{"other": 1}' }, 400],
    [
      'protobuf that is none',
      { headers: { 'content-type': 'application/proto' }, body: '\xff' },
      400,
    ],
    [
      'a body that is too long',
      { body: JSON.stringify({ refreshToken: 'x'.repeat(70_000) }) },
      429,
    ],
    ['gzip', { headers: { 'content-encoding': 'gzip' }, body: 'x' }, 501],
    ['Brotli', { headers: { 'content-encoding': 'br' }, body: 'x' }, 501],
    ['identity', { headers: { 'content-encoding': 'identity' }, body: '{}' }, 200],
    ['an offer of gzip', { headers: { 'accept-encoding': 'gzip, br' }, body: '{}' }, 200],
    ['a time-out', { headers: { 'connect-timeout-ms': '5000' }, body: '{}' }, 200],
    ['a time-out that is none', { headers: { 'connect-timeout-ms': '5s' }, body: '{}' }, 400],
    ['the protocol version', { headers: { 'connect-protocol-version': '1' }, body: '{}' }, 200],
    ['another protocol version', { headers: { 'connect-protocol-version': '9' }, body: '{}' }, 400],
    [
      'a charset',
      { headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{}' },
      200,
    ],
    ['capitals', { headers: { 'content-type': 'Application/JSON' }, body: '{}' }, 200],
    ['another content type', { headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
    ['no content type', { headers: { 'content-type': '' }, body: '{}' }, 415],
    ['another verb', { method: 'PUT', body: '{}' }, 405],
    ['GET of a method that has side effects', { method: 'GET' }, 405],
    ['a query', { path: `${REFRESH}?a=b`, body: '{}' }, 400],
  ])('to %s', async (_name, request, status) => {
    const headers = { 'content-type': 'application/json', ...request.headers };
    const answer = await compare({ version, path: REFRESH, ...request, headers });
    expect(answer.status).toBe(status);
  });

  test('to a body that is too long and has no announced length', async () => {
    const headers: Record<string, string> = { 'content-type': 'application/proto' };
    if (version === '1.1') headers['transfer-encoding'] = 'chunked';
    const body = new Uint8Array(70_000);
    const answer = await compare({ version, path: REFRESH, headers, body });
    expect(answer.status).toBe(429);
  });

  test('to a batch, which may be longer', async () => {
    const path = '/signum.v1.TokenService/BatchValidate';
    const items = Array.from({ length: 100 }, () => ({ token: 'x'.repeat(1_000) }));
    const headers = { 'content-type': 'application/json' };
    const answer = await compare({ version, path, headers, body: JSON.stringify({ items }) });
    expect(answer.status).toBe(200);
  });

  test('to GET of a method without side effects', async () => {
    const path = '/signum.v1.KeyService/GetJwks?connect=v1&encoding=json&message=%7B%7D';
    const answer = await compare({ version, path, method: 'GET' });
    expect(answer.status).toBe(200);
  });

  test('to a fault of the service that is no SignumError', async () => {
    rpc.before = () => {
      throw new Error('secret');
    };
    const headers = { 'content-type': 'application/json' };
    const answer = await compare({ version, path: REFRESH, headers, body: '{}' });
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain('secret');
  });
});
