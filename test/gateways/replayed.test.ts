import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClientIdentity } from '../listeners/certificates.ts';
import { TokenService } from '../setup/server.ts';
import { DOORKEEPERS, type Doorkeeper, type Doors, openDoors } from './doors.ts';

let doors: Doors;
let token: string;

beforeAll(async () => {
  doors = await openDoors();
  const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
  const { tokens } = await doors.signum.client(TokenService).issue({ device, scopes: ['read'] });
  token = tokens?.accessToken ?? '';
});
afterAll(() => doors?.close());

/** A request as a gateway sends it that cannot be started here. */
interface Shape {
  readonly lines: readonly string[];
  readonly body?: string;
  /** It can add no header to what it asks, and shows a certificate. */
  readonly byCertificate?: true;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  'HTTP/1.0 without a host, as nginx’s default': {
    lines: ['GET /authz HTTP/1.0', 'Connection: close'],
  },
  'Traefik’s forwardAuth': {
    byCertificate: true,
    lines: [
      'GET /authz HTTP/1.1',
      'Host: signum.example.com:8443',
      'User-Agent: Go-http-client/1.1',
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Host: api.example.com',
      'X-Forwarded-Method: POST',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Proto: wss',
      'X-Forwarded-Server: traefik-1',
      'X-Forwarded-Uri: /orders?scope=admin',
      'X-Real-Ip: 192.0.2.7',
      'Accept-Encoding: gzip',
      'Connection: close',
    ],
  },
  'Traefik’s forwardAuth of a route with a requirement, the client’s method kept': {
    byCertificate: true,
    lines: [
      'PATCH /authz?scope=read HTTP/1.1',
      'Host: signum.example.com:8443',
      'User-Agent: Go-http-client/1.1',
      'Content-Length: 0',
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Host: api.example.com',
      'X-Forwarded-Method: PATCH',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Uri: /orders/7',
      'Accept-Encoding: gzip',
      'Connection: close',
    ],
  },
  'APISIX’s forward-auth': {
    lines: [
      'GET /authz HTTP/1.1',
      'X-Forwarded-For: 192.0.2.7',
      'Host: signum.example.com:8443',
      'User-Agent: lua-resty-http/0.17.1 (Lua) ngx_lua/10026',
      'X-Forwarded-Host: api.example.com',
      'X-Forwarded-Method: DELETE',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Uri: /orders/7?force=true',
      'Connection: close',
    ],
  },
  'APISIX’s forward-auth by POST, with its client’s body': {
    lines: [
      'POST /authz HTTP/1.1',
      'Host: signum.example.com:8443',
      'User-Agent: lua-resty-http/0.17.1 (Lua) ngx_lua/10026',
      'Content-Length: 7',
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Host: api.example.com',
      'X-Forwarded-Method: POST',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Uri: /orders',
      'Connection: close',
    ],
    body: '{"a":1}',
  },
  'Kong’s forwardauth plugin, with its client’s headers, query and length, and no body': {
    lines: [
      'POST /authz/kong?scope=admin&page=2 HTTP/1.1',
      'host: api.example.com',
      'accept: */*',
      'content-length: 7',
      'content-type: application/json',
      'user-agent: curl/8.14.1',
      'x-forwarded-for: 192.0.2.7',
      'connection: close',
    ],
  },
  'Kong’s own call from a pre-function': {
    lines: [
      'GET /authz?scope=read HTTP/1.1',
      'Host: signum.example.com:8443',
      'User-Agent: lua-resty-http/0.17.2 (Lua) ngx_lua/10028',
      'X-Original-Method: GET',
      'X-Original-URL: https://api.example.com/orders?page=2',
      'Connection: close',
    ],
  },
  'Istio’s envoyExtAuthzHttp': {
    lines: [
      'DELETE /authz/orders/7?force=true HTTP/1.1',
      'host: api.example.com',
      'content-length: 0',
      'x-envoy-internal: true',
      'x-forwarded-for: 192.0.2.7',
      'connection: close',
    ],
  },
  'a HEAD with headers that are joined, as haproxy-auth-request has it': {
    lines: ['HEAD /authz HTTP/1.1', 'host: api.example.com', 'accept: a, b', 'connection: close'],
  },
};

/** All that is answered, as bytes, until the connection is closed. */
function exchange(
  at: Doorkeeper,
  lines: readonly string[],
  { identity, body = '' }: { identity?: ClientIdentity | undefined; body?: string } = {},
): Promise<string> {
  const { ca } = doors.signum;
  const where = { port: doors.http[at], host: '127.0.0.1', servername: 'localhost' };
  const socket = connect({ ...where, ca, ...identity });
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  return text(socket);
}

describe.each(DOORKEEPERS)('at %s', (at) => {
  test.each(Object.entries(SHAPES))('%s is answered', async (_what, shape) => {
    const identity = shape.byCertificate && doors.certificate;
    const key = shape.byCertificate ? [] : [`X-Signum-Key: ${doors.key}`];
    const replay = (authorization: readonly string[]) =>
      exchange(at, [...shape.lines, ...key, ...authorization], {
        identity,
        ...(shape.body !== undefined && { body: shape.body }),
      });
    const [head = '', body] = (await replay([`Authorization: Bearer ${token}`])).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
    expect(head.toLowerCase()).toContain('x-signum-user: ada');
    expect(head.toLowerCase()).toContain('x-signum-verdict: allow');
    expect(body).toBe('');
    expect(await replay([])).toMatch(/^HTTP\/1\.[01] 401 /);
    expect(await replay(['Authorization: Bearer rubbish'])).toMatch(/^HTTP\/1\.[01] 401 /);
  });

  test('a gateway with neither a certificate nor a key is told that the fault is its own', async () => {
    const { lines } = SHAPES['Traefik’s forwardAuth'] as Shape;
    const answer = await exchange(at, [...lines, `Authorization: Bearer ${token}`]);
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(answer.toLowerCase()).toContain('x-signum-error: credential_missing');
  });

  test('two authorization headers are refused, whichever comes first', async () => {
    const head = ['GET /authz HTTP/1.1', 'Host: x', 'Connection: close'];
    for (const others of [
      ['Bearer x', `Bearer ${token}`],
      [`Bearer ${token}`, 'Bearer x'],
      [`Bearer ${token}`, `Bearer ${token}`],
    ]) {
      const authorization = others.map((value) => `Authorization: ${value}`);
      const lines = [...head, `X-Signum-Key: ${doors.key}`, ...authorization];
      expect(await exchange(at, lines)).toMatch(/^HTTP\/1\.1 401 /);
    }
  });

  test('two keys of the gateway are a fault of its own', async () => {
    const key = `X-Signum-Key: ${doors.key}`;
    const lines = ['GET /authz HTTP/1.1', 'Host: x', 'Connection: close', key, key];
    const answer = await exchange(at, [...lines, `Authorization: Bearer ${token}`]);
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  });
});

/** A form as lua-resty-openidc posts it, by which Kong and APISIX introspect. */
async function introspect(form: Record<string, string>, authorization?: string) {
  const body = new URLSearchParams(form).toString();
  const answer = await exchange(
    'the server',
    [
      'POST /oauth2/introspect HTTP/1.1',
      'Host: signum.example.com:8443',
      'User-Agent: lua-resty-http/0.17.1 (Lua) ngx_lua/10026',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      'Connection: close',
      ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ],
    { body },
  );
  const [head = '', json = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), ...JSON.parse(json) };
}

test('what lua-resty-openidc introspects by is answered, and its secret is taken once', async () => {
  const client = { client_id: 'gateway', client_secret: doors.key };
  expect(await introspect({ ...client, token })).toMatchObject({ status: 200, active: true });
  expect(await introspect({ ...client, token: 'x' })).toEqual({ status: 200, active: false });
  const basic = `Basic ${Buffer.from(`gateway:${doors.key}`).toString('base64')}`;
  expect(await introspect({ ...client, token }, basic)).toMatchObject({
    ...{ status: 400, error: 'invalid_request' },
  });
});
