import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadEdgeConfig } from '../../src/config/config.ts';
import { type EdgeProcess, startEdge } from '../../src/server/edge/start-edge.ts';
import { CARRIERS, type Carrier } from '../listeners/canned-public.ts';
import { type NodeRequests, recordNodeRequests } from '../listeners/node-requests.ts';
import {
  ask,
  dialRaw,
  type RawAnswer,
  type RawClient,
  type RawServer,
} from '../listeners/raw-client.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';

const ORIGIN = 'https://app.example';
/** Headers whose values depend on when one asks. */
const CHANGING: ReadonlySet<string> = new Set(['Date', 'signum-staleness-ms']);
/** Not of the usual form: Node takes the connection for good. */
const UNUSUAL = 'GET /nothing HTTP/1.1\r\nHost:  localhost\r\n\r\n';

const dir = mkdtempSync(join(tmpdir(), 'signum-fast-path-'));
let signum: TestServer;
/** Of the same deployment. */
let plain: TestServer;
let edge: EdgeProcess;
/** The doors: of a server over TLS and without, and of `signum edge`, which has no others than /authz. */
let doors: Record<Carrier, RawServer>;
let keys: Record<'gateway' | 'issuer', string>;
let tokens: Record<'good' | 'revoked' | 'foreign', string>;
let node: NodeRequests;
const clients: RawClient[] = [];

beforeAll(async () => {
  const env = { SIGNUM_GATEWAY_COOKIE: 'session', SIGNUM_CORS_ORIGINS: ORIGIN };
  signum = await startTestServer(env);
  const create = async (name: string, ...permissions: Permission[]) => {
    const created = await signum
      .client(CallerService)
      .createCaller({ name, permissions, tenants: ['acme'] });
    return created.apiKey;
  };
  keys = {
    gateway: await create('gateway', Permission.VALIDATE),
    issuer: await create('issuer', Permission.ISSUE),
  };
  // After the callers are made: one that runs already would know them only when it reads them again.
  plain = await startTestServer({
    ...signum.env,
    ...{ SIGNUM_TLS_CERT_FILE: '', SIGNUM_TLS_KEY_FILE: '', SIGNUM_INSECURE_PLAINTEXT: 'true' },
  });
  tokens = {
    good: await issue('acme', 'äda/1'),
    revoked: await issue('acme', 'bob'),
    foreign: await issue('umbrella', 'ada'),
  };
  const subject = { case: 'token', value: tokens.revoked } as const;
  await signum.client(TokenService).revoke({ subject });
  edge = await startEdge(
    loadEdgeConfig({
      SIGNUM_ADDRESS: signum.address,
      SIGNUM_API_KEY: await create('edge', Permission.WATCH, Permission.VALIDATE),
      SIGNUM_CA_FILE: signum.certificates.caFile,
      SIGNUM_EDGE_GATEWAY_KEY: keys.gateway,
      SIGNUM_GATEWAY_COOKIE: 'session',
      SIGNUM_EDGE_LISTEN: `unix:${join(dir, 'http')}`,
      SIGNUM_EDGE_GRPC_LISTEN: `unix:${join(dir, 'grpc')}`,
      SIGNUM_EDGE_OPS_LISTEN: '127.0.0.1:0',
      SIGNUM_LOG_LEVEL: 'silent',
    }),
  );
  doors = {
    TLS: { port: signum.server.addresses.public.port, ca: signum.ca },
    TCP: { port: plain.server.addresses.public.port },
    'a Unix socket': { path: edge.addresses.http.path },
  };
});
beforeEach(() => {
  node = recordNodeRequests();
});
afterEach(() => {
  node.stop();
  for (const { socket } of clients.splice(0)) socket.destroy();
});
afterAll(async () => {
  await edge?.close();
  await plain?.close();
  await signum?.close();
  rmSync(dir, { recursive: true });
});

async function issue(tenantId: string, userId: string): Promise<string> {
  const device = { tenantId, userId, deviceId: 'phone' };
  const issued = await signum.client(TokenService).issue({ device, scopes: ['read', 'write'] });
  return issued.tokens?.accessToken ?? '';
}

async function dial(over: Carrier): Promise<RawClient> {
  const client = await dialRaw(doors[over]);
  clients.push(client);
  return client;
}

/** A request as bytes. `<gateway>` and the like stand for keys and tokens. */
function requestOf(line: string, headers: readonly string[], body = ''): Buffer {
  const all = { ...keys, ...tokens };
  const lines = [line, 'Host: localhost', ...headers].map((each) =>
    each.replace(/<(\w+)>/g, (_, name) => all[name as keyof typeof all]),
  );
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

/** What is the same on both ways, names in the order and the case in which they came. */
function told({ status, headers, body }: RawAnswer) {
  const timeless = headers.map(([name, value]) => (CHANGING.has(name) ? [name] : [name, value]));
  return { status, headers: timeless, body: body.toString() };
}

/** The answer on the fast path's connection, after it has been held against that of Node's. */
async function onBothWays(over: Carrier, bytes: Buffer): Promise<RawAnswer> {
  const [fast, long] = [await dial(over), await dial(over)];
  await ask(long, UNUSUAL);
  const answers = { fast: await ask(fast, bytes), long: await ask(long, bytes) };
  expect(told(answers.fast)).toEqual(told(answers.long));
  return answers.fast;
}

const CHUNKED = 'Transfer-Encoding: chunked';
const KEY = 'X-Signum-Key: <gateway>';
const GOOD = 'Authorization: Bearer <good>';
const BOTH = [KEY, GOOD];

describe.each(CARRIERS)('over %s', (over) => {
  const isEdge = over === 'a Unix socket';

  describe('what gateways send as a rule is answered without Node’s HTTP, and as there:', () => {
    test.each<[line: string, headers: readonly string[], status: number]>([
      ['GET /authz HTTP/1.1', BOTH, 200],
      ['GET /authz? HTTP/1.1', BOTH, 200],
      ['GET /authz?scope=read HTTP/1.1', BOTH, 200],
      ['GET /authz?scope=read%20write HTTP/1.1', BOTH, 200],
      ['GET /authz?scope=admin HTTP/1.1', BOTH, 403],
      ['GET /authz?audience=x HTTP/1.1', BOTH, 401],
      ['GET /authz?scopes=admin HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=read+write HTTP/1.1', BOTH, 200],
      ['GET /authz?scope=%72ead&&scope=write& HTTP/1.1', BOTH, 200],
      ['GET /authz?scope=%zz HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=% HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=read% HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=%2 HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=%ff HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=%c0%af HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=%ed%a0%80 HTTP/1.1', BOTH, 500],
      ['GET /authz?scope=%00 HTTP/1.1', BOTH, 500],
      ['GET /authz?audience=%zz HTTP/1.1', BOTH, 500],
      ['GET /authz?audience=a%00 HTTP/1.1', BOTH, 500],
      ['GET /authz?acr_values=%e4 HTTP/1.1', BOTH, 500],
      ['GET /authz?max_age=%zz HTTP/1.1', BOTH, 500],
      ['GET /authz?max_age=+5 HTTP/1.1', BOTH, 500],
      ['GET /authz?sc%ffope=read HTTP/1.1', BOTH, 500],
      ['GET /authz?% HTTP/1.1', BOTH, 500],
      ['GET /authz/?scope=%zz HTTP/1.1', BOTH, 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'Connect-Timeout-Ms: 0', 'Grpc-Timeout: x'], 200],
      ['GET /authz/ HTTP/1.1', BOTH, 200],
      ['GET /authz/a/%2e%2e/b?scope=admin&q=[1] HTTP/1.1', BOTH, 200],
      ['HEAD /authz HTTP/1.1', BOTH, 200],
      ['POST /authz/orders HTTP/1.1', [...BOTH, 'Content-Length: 0'], 200],
      ['PUT /authz HTTP/1.1', BOTH, 200],
      ['PATCH /authz HTTP/1.1', BOTH, 200],
      ['DELETE /authz HTTP/1.1', BOTH, 200],
      ['OPTIONS /authz HTTP/1.1', [...BOTH, `Origin: ${ORIGIN}`], 200],
      ['GET /authz HTTP/1.1', [...BOTH, `Origin: ${ORIGIN}`], 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'Origin: https://x.example'], 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'X-Signum-Required-Scope: read'], 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'X-Signum-Required-Scope: admin'], 403],
      ['GET /authz HTTP/1.1', [...BOTH, 'X-Signum-Required-Scope:'], 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'Connection: keep-alive', 'X-Request-Id: a'], 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'Content-Type: text/plain', 'Cookie: a=b'], 200],
      ['GET /authz HTTP/1.1', [KEY, 'Cookie: session=<good>'], 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'Cookie: session=<good>'], 200],
      ['GET /authz HTTP/1.1', [...BOTH, 'Cookie: session=<foreign>'], 401],
      ['GET /authz HTTP/1.1', [KEY], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization:'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: Bearer'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: Bearer a.b.c'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: Bearer <good>x'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: Bearer <good>, Bearer <good>'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: Bearer <revoked>'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: Bearer <foreign>'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: DPoP <good>', 'DPoP: a.b.c'], 401],
      ['GET /authz HTTP/1.1', [KEY, 'Authorization: Basic YTpi'], 401],
      ['GET /authz HTTP/1.1', [GOOD], 500],
      ['GET /authz HTTP/1.1', [GOOD, 'X-Signum-Key:'], 500],
      ['GET /authz HTTP/1.1', [GOOD, 'X-Signum-Key: <gateway>x'], 500],
      ['GET /authz HTTP/1.1', [GOOD, 'X-Signum-Key: <issuer>'], 500],
    ])('%s %j', async (line, headers, status) => {
      const answer = await onBothWays(over, requestOf(line, headers));
      expect(answer.status).toBe(status);
      expect(node.served).toHaveLength(2);
    });

    test.skipIf(isEdge).each([
      ['GET /.well-known/jwks.json HTTP/1.1', []],
      ['HEAD /.well-known/jwks.json HTTP/1.1', [`Origin: ${ORIGIN}`]],
      ['GET /.well-known/oauth-authorization-server HTTP/1.1', []],
    ])('%s %j', async (line, headers) => {
      expect((await onBothWays(over, requestOf(line, headers))).status).toBe(200);
      expect(node.served).toHaveLength(2);
    });

    test.skipIf(isEdge).each<[body: string, headers: readonly string[], status: number]>([
      ['token=<good>', ['Authorization: Bearer <gateway>'], 200],
      ['token=<revoked>', ['Authorization: Bearer <gateway>'], 200],
      ['token=<good>&token=<good>', ['Authorization: Bearer <gateway>'], 400],
      ['token=%', ['Authorization: Bearer <gateway>'], 400],
      ['token=<good>', ['Authorization: Bearer <gateway>', 'Connect-Timeout-Ms: 15000'], 200],
      ['token=<good>', ['Authorization: Bearer <gateway>', 'Connect-Timeout-Ms: 0'], 503],
      ['token=<good>', ['Authorization: Bearer <gateway>', 'Connect-Timeout-Ms: 1s'], 400],
      ['token=<good>', ['Authorization: Bearer <gateway>', 'Grpc-Timeout: 1S'], 400],
      ['', ['Authorization: Bearer <gateway>'], 400],
      ['token=<good>', ['Authorization: Bearer <issuer>'], 400],
      ['token=<good>', [], 401],
    ])('the form %s %j', async (form, headers, status) => {
      const body = requestOf(form, []).toString('latin1').split('\r\n')[0] ?? '';
      const type = 'Content-Type: application/x-www-form-urlencoded';
      const all = [...headers, type, `Content-Length: ${body.length}`];
      const answer = await onBothWays(
        over,
        requestOf('POST /oauth2/introspect HTTP/1.1', all, body),
      );
      expect(answer.status).toBe(status);
      expect(node.served).toHaveLength(2);
    });
  });

  describe('whatever else comes goes the long way, and is answered as ever:', () => {
    test.each<
      [what: string, line: string, headers: readonly string[], body: string, status: number]
    >([
      ['two keys', 'GET /authz HTTP/1.1', [...BOTH, KEY], '', 500],
      ['two tokens', 'GET /authz HTTP/1.1', [...BOTH, GOOD], '', 401],
      ['two requirements', 'GET /authz HTTP/1.1', [...BOTH, 'X-A: 1', 'X-A: 2'], '', 200],
      ['a body', 'POST /authz HTTP/1.1', [...BOTH, 'Content-Length: 2'], '{}', 200],
      ['a chunked body', 'PUT /authz HTTP/1.1', [...BOTH, CHUNKED], '0\r\n\r\n', 200],
      ['a verb that few have', 'PROPFIND /authz HTTP/1.1', BOTH, '', 200],
      ['a tab', 'GET /authz HTTP/1.1', [KEY, 'Authorization: Bearer\t<good>'], '', 401],
      ['a fragment', 'GET /authz/a#b HTTP/1.1', BOTH, '', 200],
      ['no such path', 'GET /authzz HTTP/1.1', BOTH, '', 404],
      ['another verb', 'GET /oauth2/introspect HTTP/1.1', [], '', isEdge ? 404 : 405],
      ['a preflight', 'OPTIONS /oauth2/introspect HTTP/1.1', [`Origin: ${ORIGIN}`], '', 204],
    ])('%s', async (_what, line, headers, body, status) => {
      const answer = await onBothWays(over, requestOf(line, headers, body));
      expect(answer.status).toBe(status);
      expect(node.served).toHaveLength(3);
    });

    test('an older HTTP, and a connection to be closed', async () => {
      for (const [line, more] of [
        ['GET /authz HTTP/1.0', []],
        ['GET /authz HTTP/1.1', ['Connection: close']],
      ] as const) {
        const client = await dial(over);
        const { status, headers } = await ask(client, requestOf(line, [...BOTH, ...more]));
        expect([status, new Map(headers).get('Connection')]).toEqual([200, 'close']);
        expect(await client.next()).toBeUndefined();
      }
      expect(node.served).toHaveLength(2);
    });
  });

  test('each request of a connection is judged by its own head', async () => {
    const client = await dial(over);
    const statusOf = async (headers: readonly string[]) =>
      (await ask(client, requestOf('GET /authz HTTP/1.1', headers))).status;
    const revoked = [KEY, 'Authorization: Bearer <revoked>'];
    for (const [headers, status] of [
      [BOTH, 200],
      [revoked, 401],
      [BOTH, 200],
      [[KEY], 401],
      [[GOOD], 500],
      [BOTH, 200],
    ] as const) {
      expect(await statusOf(headers)).toBe(status);
    }
    expect(node.served).toEqual([]);
  });
});
