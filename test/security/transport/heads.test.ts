import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../../listeners/send.ts';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';

const VALIDATE = '/signum.v1.TokenService/Validate';
const JWKS = '/signum.v1.KeyService/GetJwks';
const STREAM = '/signum.v1.TokenService/WatchSession';

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startTestServer();
  const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
  const { tokens } = await server.client(TokenService).issue({ device });
  token = tokens?.accessToken ?? '';
});
afterAll(() => server?.close());

interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends bytes as they are over a connection of their own, which the server is asked to close. */
function raw(head: readonly string[], body = '', to: 'public' | 'operations' = 'public') {
  const { port } = server.server.addresses[to];
  return new Promise<Answer>((resolve, reject) => {
    const socket =
      to === 'public'
        ? connectTls({ port, ca: server.ca, servername: 'localhost' })
        : connect({ port, host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
    socket.on('close', () => {
      const [top = '', ...rest] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
      const [line = '', ...lines] = top.split('\r\n');
      const headers = new Map(
        lines.map((each) => {
          const colon = each.indexOf(':');
          return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()] as const;
        }),
      );
      resolve({ status: Number(line.split(' ')[1]), headers, body: rest.join('\r\n\r\n') });
    });
    const length = body === '' ? [] : [`Content-Length: ${body.length}`];
    socket.write([...head, 'Connection: close', ...length, '', body].join('\r\n'));
  });
}

const key = () => `Authorization: Bearer ${server.adminKey}`;
const question = () => JSON.stringify({ token });
const post = (headers: readonly string[], path = VALIDATE) =>
  raw([`POST ${path} HTTP/1.1`, 'Host: localhost', key(), ...headers], question());
const JSON_TYPE = 'Content-Type: application/json';

function faultOf({ body }: { readonly body: string | Buffer }) {
  const { code, details } = JSON.parse(body.toString());
  return { code, ...details[0].debug };
}

const http2 = (headers: Record<string, string>, path = VALIDATE, method = 'POST') =>
  send({
    ...{ version: '2', port: server.server.addresses.public.port, ca: Buffer.from(server.ca) },
    ...{ method, path, ...(method === 'POST' && { body: question() }) },
    headers: { authorization: `Bearer ${server.adminKey}`, ...headers },
  });

describe('a head that is not understood', () => {
  test('a usual one is answered', async () => {
    const { status, body } = await post([JSON_TYPE, 'Connect-Protocol-Version: 1']);
    expect({ status, active: JSON.parse(body).active }).toEqual({ status: 200, active: true });
  });

  test.each(['9', '', '01', '1.0', 'v1'])(
    'another version of the Connect protocol is refused: %j',
    async (version) => {
      const fault = {
        code: 'invalid_argument',
        reason: 'INVALID_FIELD',
        metadata: { field: 'connect-protocol-version', rule: 'must be 1' },
      };
      const one = await post([JSON_TYPE, `Connect-Protocol-Version: ${version}`]);
      expect([one.status, faultOf(one)]).toEqual([400, expect.objectContaining(fault)]);
      for (const type of ['application/json', 'application/proto']) {
        const two = await http2({ 'content-type': type, 'connect-protocol-version': version });
        expect([two.status, faultOf(two)]).toEqual([400, expect.objectContaining(fault)]);
      }
      const get = await http2(
        { 'connect-protocol-version': version },
        `${JWKS}?encoding=json&message=%7B%7D`,
        'GET',
      );
      expect(faultOf(get)).toMatchObject(fault);
    },
  );

  test('two versions are none', async () => {
    const both = ['1', '1'].map((version) => `Connect-Protocol-Version: ${version}`);
    expect((await post([JSON_TYPE, ...both])).status).toBe(400);
  });

  test.each([
    'text/plain',
    'application/xml',
    'application/json; charset=latin1',
    'application/connect+json',
    'application/x-protobuf',
    'application/grpc-web+thrift',
    '',
  ])('a media type that is none of a call is refused, with those that are: %j', async (type) => {
    const answers = [await post([`Content-Type: ${type}`])];
    const { status, headers, body } = await http2({ 'content-type': type });
    answers.push({
      ...{ status, body: body.toString() },
      headers: new Map(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    });
    for (const answer of answers) {
      expect(answer.status).toBe(415);
      expect(answer.headers.get('accept-post')).toContain('application/json, application/proto');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(faultOf(answer)).toMatchObject({
        ...{ code: 'invalid_argument', reason: 'INVALID_FIELD' },
        metadata: { field: 'content-type' },
      });
    }
    const stream = await http2({ 'content-type': 'application/json' }, STREAM);
    expect(stream.status).toBe(415);
    expect(stream.headers['accept-post']).toContain('application/connect+json');
  });

  test('two media types are none, whichever comes first', async () => {
    for (const second of ['application/json', 'application/proto', 'text/plain']) {
      const answer = await post([JSON_TYPE, `Content-Type: ${second}`]);
      expect([answer.status, faultOf(answer).metadata.field]).toEqual([415, 'content-type']);
    }
  });

  test.each(['gzip', 'br', 'foo', 'identity, gzip'])(
    'what is compressed is refused, by whichever protocol: %s',
    async (coding) => {
      const refused = (field: string) => ({
        ...{ code: 'unimplemented', reason: 'UNIMPLEMENTED' },
        metadata: { field, rule: 'must be identity' },
      });
      const one = await post([JSON_TYPE, `Content-Encoding: ${coding}`]);
      expect([one.status, faultOf(one)]).toEqual([
        501,
        expect.objectContaining(refused('content-encoding')),
      ]);
      const two = await http2({ 'content-type': 'application/proto', 'content-encoding': coding });
      expect(faultOf(two)).toMatchObject(refused('content-encoding'));
      const path = `${JWKS}?encoding=json&message=%7B%7D&compression=${encodeURIComponent(coding)}`;
      expect(faultOf(await http2({}, path, 'GET'))).toMatchObject(refused('query.compression'));
      const web = await http2({
        ...{ 'content-type': 'application/grpc-web+proto', 'grpc-encoding': coding },
      });
      expect(
        web.headers['grpc-status'] ?? /grpc-status: (\d+)/.exec(web.body.toString())?.[1],
      ).toBe('12');
    },
  );

  test.each(['', 'encoding=xml', 'encoding=json&x=1', 'encoding=json&encoding=json'])(
    'a GET whose parameters are not understood is refused: %j',
    async (query) => {
      const answer = await http2({}, `${JWKS}?${query}`, 'GET');
      expect([answer.status, faultOf(answer).reason]).toEqual([400, 'INVALID_FIELD']);
    },
  );
});

const DOCUMENTS = ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server'];

describe('parameters', () => {
  test.each(DOCUMENTS)('where there are none are refused: %s', async (path) => {
    expect((await http2({}, path, 'GET')).status).toBe(200);
    const answer = await http2({}, `${path}?kid=x`, 'GET');
    expect([answer.status, faultOf(answer).metadata]).toEqual([
      400,
      { field: 'query.kid', rule: 'is no parameter of this call' },
    ]);
  });

  test.each(['/livez', '/readyz', '/metrics'])('of operations are refused: %s', async (path) => {
    const get = (target: string) =>
      raw([`GET ${target} HTTP/1.1`, 'Host: localhost'], '', 'operations');
    expect((await get(path)).status).toBe(200);
    expect((await get(`${path}?name[]=x`)).status).toBe(400);
  });
});

describe.each(['public', 'operations'] as const)('where a request goes: %s', (to) => {
  const path = () => (to === 'public' ? '/.well-known/jwks.json' : '/livez');
  const get = (...lines: readonly string[]) => raw(lines, '', to);

  test.each([
    ['two Hosts', ['Host: a', 'Host: a'], 400],
    ['no Host', [], 400],
    ['a Host with a space', ['Host: a b'], 400],
    ['a Host with a path', ['Host: a/b'], 400],
    ['a Host with a user', ['Host: u@a'], 400],
    ['an empty Host', ['Host:'], 200],
    ['an address of IPv6 as Host', ['Host: [::1]:8443'], 200],
    ['an expectation that nobody knows', ['Host: a', 'Expect: 102-processing'], 417],
  ])('%s', async (_, lines, status) => {
    expect((await get(`GET ${path()} HTTP/1.1`, ...lines)).status).toBe(status);
  });

  test('a target in absolute form is that of a proxy, and counts for the Host', async () => {
    for (const origin of ['http://localhost', 'https://other.example:8443', 'HTTPS://localhost']) {
      expect((await get(`GET ${origin}${path()} HTTP/1.1`, 'Host: localhost')).status).toBe(200);
    }
    expect((await get(`GET ftp://localhost${path()} HTTP/1.1`, 'Host: localhost')).status).toBe(
      404,
    );
    expect((await get(`GET http://u@localhost${path()} HTTP/1.1`, 'Host: x')).status).toBe(400);
    expect((await get('GET http://localhost HTTP/1.1', 'Host: localhost')).status).toBe(404);
  });

  test('HTTP/1.0 needs no Host, and another version is none', async () => {
    expect((await get(`GET ${path()} HTTP/1.0`)).status).toBe(200);
    expect((await get(`GET ${path()} HTTP/2.0`, 'Host: a')).status).toBe(505);
    expect((await get(`GET ${path()} HTTP/1.2`, 'Host: a')).status).toBe(400);
  });
});

test('an RPC may be called with a target in absolute form', async () => {
  const { status, body } = await post([JSON_TYPE], `https://localhost${VALIDATE}`);
  expect({ status, active: JSON.parse(body).active }).toEqual({ status: 200, active: true });
});

/** A message in its envelope. */
function envelope(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

test.each([
  ['application/connect+json', 'public'],
  ['application/grpc-web+json', 'public'],
  ['application/grpc+json', 'public'],
  ['application/grpc+json', 'grpc'],
] as const)('a stream that one message opens is not opened by two: %s, %s', async (type, to) => {
  const device = { tenantId: 'acme', userId: 'ada', deviceId: `${type}-${to}`.replace('/', '-') };
  const { tokens } = await server.client(TokenService).issue({ device });
  const message = envelope({ refreshToken: tokens?.refreshToken });
  const { headers, body } = await send({
    ...{ version: '2', port: server.server.addresses[to].port, ca: Buffer.from(server.ca) },
    ...{ method: 'POST', path: STREAM, body: Buffer.concat([message, message]) },
    headers: { 'content-type': type, te: 'trailers' },
  });
  const told = `${headers['grpc-message'] ?? ''} ${body.toString()}`;
  expect(told).toMatch(/must(%20| )be(%20| )given(%20| )once/);
});

test('a form that says it is compressed is refused', async () => {
  const form = 'Content-Type: application/x-www-form-urlencoded';
  const head = ['POST /oauth2/introspect HTTP/1.1', 'Host: localhost', key(), form];
  expect((await raw(head, `token=${token}`)).status).toBe(200);
  const answer = await raw([...head, 'Content-Encoding: gzip'], `token=${token}`);
  expect(JSON.parse(answer.body)).toMatchObject({
    error: 'invalid_request',
    error_description: expect.stringContaining('content-encoding'),
  });
});
