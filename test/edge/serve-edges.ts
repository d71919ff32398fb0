import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescService } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { loadEdgeConfig } from '../../src/config/config.ts';
import { developmentCertificates } from '../../src/dev/certificates.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type EdgeProcess, startEdge } from '../../src/server/edge/start-edge.ts';
import { emptyDatabaseUrl } from '../setup/redis.ts';
import {
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
  transportTo,
} from '../setup/server.ts';

export const GATEWAY_KEY = 'k'.repeat(43);

/** A deployment of one server for the tests of a file, and edges beside it. */
export function serveEdges() {
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

  return {
    /** A folder for sockets and files. */
    dir: () => dir,
    deployment: () => deployment,
    apiKey: () => apiKey,
    client,
    newCaller,
    edgeEnv,
    start,
    issue,
    closeServer: () => server.close(),
    /** Starts it again at the same address. */
    async restartServer() {
      server = await startTestServer({ ...deployment, SIGNUM_ADMIN_KEY: server.adminKey });
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** What a gateway is answered. */
export function authz(
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

export async function statusOf(...args: Parameters<typeof authz>): Promise<number> {
  return (await authz(...args)).status;
}
