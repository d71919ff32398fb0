import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescService } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, loadEdgeConfig } from '../../src/config/config.ts';
import { developmentCertificates } from '../../src/dev/certificates.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type EdgeProcess, startEdge } from '../../src/server/edge/start-edge.ts';
import { type Child, startSignum } from '../setup/child.ts';
import { emptyDatabaseUrl } from '../setup/redis.ts';
import {
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
  transportTo,
} from '../setup/server.ts';
import { until } from '../setup/until.ts';

const GATEWAY_KEY = 'k'.repeat(43);
const KEPT = 'x-signum-user';

let dir: string;
let server: TestServer;
/** What every server of the deployment is started with. */
let deployment: Record<string, string>;
let caFile: string;
let apiKey: string;
let edges: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-edge-'));
  const certificates = await developmentCertificates(dir);
  ({ caFile } = certificates);
  deployment = {
    SIGNUM_REDIS_URL: await emptyDatabaseUrl(),
    SIGNUM_PUBLIC_LISTEN: `127.0.0.1:${await findFreePort()}`,
    SIGNUM_TLS_CERT_FILE: certificates.certFile,
    SIGNUM_TLS_KEY_FILE: certificates.keyFile,
    SIGNUM_REDIS_FAILOVER_WINDOW: '0s',
    SIGNUM_EDGE_LEASE: '3s',
  };
  server = await startTestServer(deployment);
  apiKey = await newCaller('edge');
});
afterEach(async () => {
  await Promise.all(edges.map((edge) => edge.close()));
  edges = [];
});
afterAll(async () => {
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Of the certificate that every server of the deployment has. */
const client = <S extends DescService>(service: S) =>
  createClient(
    service,
    transportTo(server.address, readFileSync(caFile, 'utf8'), server.adminKey, 'connect'),
  );

async function newCaller(name: string): Promise<string> {
  const created = await client(CallerService).createCaller({
    ...{ name, permissions: [Permission.WATCH, Permission.VALIDATE], tenants: ['acme'] },
  });
  return created.apiKey;
}

let sockets = 0;
function edgeEnv(env: Record<string, string> = {}): Record<string, string> {
  sockets += 1;
  return {
    SIGNUM_ADDRESS: server.address,
    SIGNUM_API_KEY: apiKey,
    SIGNUM_CA_FILE: caFile,
    SIGNUM_EDGE_LISTEN: `unix:${join(dir, `http-${sockets}`)}`,
    SIGNUM_EDGE_GRPC_LISTEN: `unix:${join(dir, `grpc-${sockets}`)}`,
    SIGNUM_EDGE_OPS_LISTEN: '127.0.0.1:0',
    SIGNUM_LOG_LEVEL: 'silent',
    ...env,
  };
}

async function start(env: Record<string, string> = {}): Promise<EdgeProcess> {
  const edge = await startEdge(loadEdgeConfig(edgeEnv(env)));
  edges.push(edge);
  return edge;
}

let devices = 0;
async function issue({ tenantId = 'acme', scopes = ['read'] } = {}) {
  devices += 1;
  const device = { tenantId, userId: 'ada', deviceId: `d${devices}` };
  const { tokens } = await client(TokenService).issue({ device, scopes });
  return tokens?.accessToken ?? '';
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** What a gateway is answered. */
function authz(
  at: { readonly path?: string | undefined; readonly port?: number },
  token: string | undefined,
  { query = '', headers = {} as Record<string, string>, method = 'GET' } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const to =
      at.path === undefined ? { host: '127.0.0.1', port: at.port } : { socketPath: at.path };
    const sent = request({
      ...{ ...to, path: `/authz${query}`, method, agent: false },
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    sent.end();
  });
}

const statusOf = async (...args: Parameters<typeof authz>) => (await authz(...args)).status;

describe('signum edge at Unix sockets', () => {
  test('answers gateways over HTTP from memory, and says how old its state is', async () => {
    const edge = await start();
    const { http } = edge.addresses;
    const good = await authz(http, await issue());
    expect(good).toMatchObject({
      status: 200,
      headers: { 'x-signum-verdict': 'allow', 'x-signum-tenant': 'acme', [KEPT]: 'ada' },
    });
    expect(good.headers['signum-staleness-ms']).toMatch(/^\d+$/);
    expect(await statusOf(http, await issue(), { query: '?scope=admin' })).toBe(403);
    expect(await statusOf(http, await issue(), { query: '?scope=read&audience=test-api' })).toBe(
      200,
    );
    const bad = await authz(http, 'rubbish', { method: 'DELETE' });
    expect([bad.status, bad.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ]);
    expect(bad.headers).toHaveProperty('signum-staleness-ms');
    expect((await authz(http, undefined)).headers['www-authenticate']).toBe('Bearer');
    expect(await statusOf(http, await issue({ tenantId: 'umbrella' }))).toBe(401);
    expect(await statusOf(http, await issue(), { query: '?scoop=read' })).toBe(500);
    const metrics = await (
      await fetch(`http://127.0.0.1:${edge.addresses.operations.port}/metrics`)
    ).text();
    expect(metrics).toMatch(/^signum_edge_answers_total\{source="edge"\} [1-9]/m);
    expect(metrics).toMatch(/^signum_edge_staleness_seconds 0?\.?\d/m);
    expect(metrics).toMatch(/^signum_edge_live 1$/m);
  });

  test('answers Envoy over gRPC', async () => {
    const edge = await start();
    const { path = '' } = edge.addresses.grpc;
    const transport = createGrpcTransport({
      baseUrl: 'http://edge',
      nodeOptions: { createConnection: () => connect({ path }) },
    });
    const envoy = createClient(Authorization, transport);
    const check = (token: string) =>
      envoy.check({
        attributes: {
          request: {
            http: {
              ...{ method: 'GET', scheme: 'https', host: 'api.example', path: '/orders' },
              headers: { authorization: `Bearer ${token}` },
            },
          },
        },
      });
    const yes = await check(await issue());
    expect(yes.status?.code ?? 0).toBe(0);
    expect(yes.dynamicMetadata).toMatchObject({ [KEPT]: 'ada' });
    expect(yes.dynamicMetadata).toHaveProperty('signum-staleness-ms');
    expect((await check('rubbish')).status?.code).toBe(16);
  });

  test('refuses what was revoked with a fence from the moment on that it was', async () => {
    const { addresses } = await start();
    for (let i = 0; i < 5; i += 1) {
      const token = await issue();
      expect(await statusOf(addresses.http, token)).toBe(200);
      const subject = { case: 'token' as const, value: token };
      await client(TokenService).revoke({ subject, fence: Fence.EDGES });
      expect(await statusOf(addresses.http, token)).toBe(401);
    }
  });

  test('lets in whom the permissions of the socket let in, from the first moment on', async () => {
    const { addresses, describe: described } = await start({ SIGNUM_EDGE_SOCKET_MODE: '0600' });
    for (const { path = '' } of [addresses.http, addresses.grpc]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(described().join('\n')).toContain('whoever may open the socket (mode 0600)');
  });

  test('takes the place of a socket that was left behind, and of nothing else', {
    timeout: 60_000,
  }, async () => {
    const path = join(dir, 'left-behind');
    const child = startSignum(['edge'], edgeEnv({ SIGNUM_EDGE_LISTEN: `unix:${path}` }));
    await child.says('Who may ask');
    const inUse = startEdge(loadEdgeConfig(edgeEnv({ SIGNUM_EDGE_LISTEN: `unix:${path}` })));
    await expect(inUse).rejects.toMatchObject({ code: 'EADDRINUSE' });
    child.process.kill('SIGKILL');
    await child.ended;
    expect(statSync(path).isSocket()).toBe(true);
    const { addresses } = await start({ SIGNUM_EDGE_LISTEN: `unix:${path}` });
    expect(await statusOf(addresses.http, await issue())).toBe(200);
    const file = join(dir, 'a-file');
    writeFileSync(file, 'precious');
    const over = startEdge(loadEdgeConfig(edgeEnv({ SIGNUM_EDGE_LISTEN: `unix:${file}` })));
    await expect(over).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(statSync(file).size).toBe(8);
  });
});

describe('who may ask signum edge', () => {
  const ports = { SIGNUM_EDGE_LISTEN: '127.0.0.1:0', SIGNUM_EDGE_GRPC_LISTEN: '127.0.0.1:0' };

  test('on the loopback everybody on the machine, unless there is a key', async () => {
    const open = await start(ports);
    expect(await statusOf(open.addresses.http, await issue())).toBe(200);
    expect(open.describe().join('\n')).toContain('every process of this machine');
    const closed = await start({ ...ports, SIGNUM_EDGE_GATEWAY_KEY: GATEWAY_KEY });
    const ask = async (key?: string) => {
      const headers: Record<string, string> = key === undefined ? {} : { 'x-signum-key': key };
      const { status, headers: told } = await authz(closed.addresses.http, await issue(), {
        headers,
      });
      return [status, told['x-signum-error']];
    };
    expect(await ask(GATEWAY_KEY)).toEqual([200, undefined]);
    expect(await ask()).toEqual([500, 'CREDENTIAL_MISSING']);
    expect(await ask(`${GATEWAY_KEY}x`)).toEqual([500, 'CREDENTIAL_INVALID']);
  });

  test.each([
    [{ SIGNUM_EDGE_LISTEN: '0.0.0.0:8444' }, 'SIGNUM_EDGE_LISTEN'],
    [{ SIGNUM_EDGE_GRPC_LISTEN: '10.0.0.1:9444' }, 'SIGNUM_EDGE_GRPC_LISTEN'],
    [
      {
        ...{ SIGNUM_EDGE_LISTEN: '0.0.0.0:0', SIGNUM_TLS_CERT_FILE: 'c' },
        SIGNUM_TLS_KEY_FILE: 'k',
      },
      'SIGNUM_EDGE_LISTEN',
    ],
    [{ SIGNUM_EDGE_LISTEN: `unix:/${'x'.repeat(108)}` }, 'SIGNUM_EDGE_LISTEN'],
    [{ SIGNUM_EDGE_SOCKET_MODE: '0166' }, 'SIGNUM_EDGE_SOCKET_MODE'],
    [{ SIGNUM_EDGE_GATEWAY_KEY: 'short' }, 'SIGNUM_EDGE_GATEWAY_KEY'],
    [{ SIGNUM_EDGE_LISTENS: '127.0.0.1:1' }, 'SIGNUM_EDGE_LISTENS'],
    [{ SIGNUM_ADDRESS: 'http://localhost:8443' }, 'SIGNUM_EDGE_SERVERS'],
    [{ SIGNUM_API_KEY: '' }, 'SIGNUM_API_KEY'],
    [{ SIGNUM_TLS_CLIENT_CA_FILE: 'ca' }, 'SIGNUM_TLS_CLIENT_CA_FILE'],
  ])('what would be unsafe, or is not understood, is refused at start: %o', (env, setting) => {
    let faults: readonly { setting: string }[] = [];
    try {
      loadEdgeConfig(edgeEnv(env as unknown as Record<string, string>));
    } catch (error) {
      faults = error instanceof ConfigError ? error.faults : [];
    }
    expect(faults.map((fault) => fault.setting.split('=')[0])).toContain(setting);
  });

  test('elsewhere it is TLS, and a certificate or a key', async () => {
    const { SIGNUM_TLS_CERT_FILE = '', SIGNUM_TLS_KEY_FILE = '' } = deployment;
    const { addresses } = await start({
      ...{ SIGNUM_EDGE_LISTEN: '0.0.0.0:0', SIGNUM_EDGE_GATEWAY_KEY: GATEWAY_KEY },
      ...{ SIGNUM_TLS_CERT_FILE, SIGNUM_TLS_KEY_FILE },
    });
    await expect(authz(addresses.http, await issue())).rejects.toThrow();
  });
});

test('signum edge goes on while every server restarts, until its lease is over, and comes back', {
  timeout: 60_000,
}, async () => {
  const { addresses } = await start();
  const token = await issue();
  const ready = async () =>
    (await fetch(`http://127.0.0.1:${addresses.operations.port}/readyz`)).status;
  expect(await statusOf(addresses.http, token)).toBe(200);
  await server.close();
  try {
    expect(await authz(addresses.http, token)).toMatchObject({ status: 200 });
    await until('the lease is over', async () => (await statusOf(addresses.http, token)) === 503);
    const outage = await authz(addresses.http, token);
    expect(outage.headers).toMatchObject({
      ...{ 'x-signum-error': 'STORE_UNAVAILABLE', 'retry-after': '1' },
    });
    expect(outage.headers).not.toHaveProperty('www-authenticate');
    expect(outage.headers).not.toHaveProperty('signum-staleness-ms');
    expect(await ready()).toBe(503);
  } finally {
    server = await startTestServer({ ...deployment, SIGNUM_ADMIN_KEY: server.adminKey });
  }
  await until('it answers again', async () => (await statusOf(addresses.http, token)) === 200);
  await until('it is ready again', async () => (await ready()) === 200);
});

describe('signum edge as a process', () => {
  let child: Child | undefined;
  afterEach(async () => {
    await child?.destroy();
  });

  test('takes other credentials on SIGHUP, keeps good ones, and drains on SIGTERM', {
    timeout: 60_000,
  }, async () => {
    const path = join(dir, 'process');
    const keyFile = join(dir, 'edge-key');
    const gatewayKeyFile = join(dir, 'gateway-key');
    writeFileSync(keyFile, await newCaller('before'));
    writeFileSync(gatewayKeyFile, GATEWAY_KEY);
    const settings = join(dir, 'settings.json');
    writeFileSync(settings, JSON.stringify({ edge_gateway_key_file: gatewayKeyFile }));
    const { SIGNUM_API_KEY: _, ...env } = edgeEnv({
      SIGNUM_EDGE_LISTEN: `unix:${path}`,
      SIGNUM_API_KEY_FILE: keyFile,
      SIGNUM_CONFIG_FILE: settings,
      SIGNUM_LOG_LEVEL: 'warn',
    });
    child = startSignum(['edge'], env);
    await child.says('Who may ask');
    const ask = async (key: string, token?: string) =>
      statusOf({ path }, token ?? (await issue()), { headers: { 'x-signum-key': key } });
    expect(await ask(GATEWAY_KEY)).toBe(200);

    const next = 'n'.repeat(43);
    writeFileSync(gatewayKeyFile, next);
    writeFileSync(keyFile, await newCaller('after'));
    child.process.kill('SIGHUP');
    await until('the next key is taken', async () => (await ask(next)) === 200);
    expect(await ask(GATEWAY_KEY)).toBe(500);
    await client(CallerService).deleteCaller({ name: 'before' });
    // A token of another tenant: of that the server is asked, by the next credential.
    const foreign = await issue({ tenantId: 'umbrella' });
    await until('the server answers it', async () => (await ask(next, foreign)) === 401);

    const told = readFileSync(settings);
    writeFileSync(settings, '{}');
    child.process.kill('SIGHUP');
    await child.says('holds no key any more, kept the old');
    expect(await ask(next)).toBe(200);
    expect(await ask('anything')).toBe(500);
    writeFileSync(settings, told);
    writeFileSync(gatewayKeyFile, 'short');
    child.process.kill('SIGHUP');
    await child.says('CONFIG_INVALID');
    expect(await ask(next)).toBe(200);

    child.process.kill('SIGTERM');
    expect(await child.ended).toEqual([0, null]);
    expect(() => statSync(path)).toThrow();
    expect(child.output()).not.toContain(next);
  });

  test('says why it cannot start', { timeout: 60_000 }, async () => {
    child = startSignum(['edge'], edgeEnv({ SIGNUM_API_KEY: `${apiKey.slice(0, -3)}AAA` }));
    expect(await child.ended).toEqual([3, null]);
    expect(child.output()).toContain('EDGE_CREDENTIALS');
  });
});
