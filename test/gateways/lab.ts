import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { type EchoService, startEchoService } from '../../examples/run/echo-service.ts';
import type { Gateway, Way } from '../../examples/run/gateway.ts';
import { startGateway } from '../../examples/run/start-gateway.ts';
import { loadEdgeConfig } from '../../src/config/config.ts';
import { clientCertificate, developmentCertificates } from '../../src/dev/certificates.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type EdgeProcess, startEdge } from '../../src/server/edge/start-edge.ts';
import type { ClientIdentity } from '../listeners/certificates.ts';
import { emptyDatabaseUrl } from '../setup/redis.ts';
import {
  AUDIENCE,
  CallerService,
  createClient,
  ISSUER,
  startTestServer,
  type TestServer,
  TokenService,
  transportTo,
} from '../setup/server.ts';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.ts';

/** A tenant that the gateway may ask about, and one that it may not. */
export const TENANT = 'acme';
export const OTHER_TENANT = 'umbrella';

/** A service, a Signum whose Redis can be cut off, and whatever gateways a test puts between them. */
export interface GatewayLab {
  readonly signum: TestServer;
  readonly redis: TcpProxy;
  readonly service: EchoService;
  /** PEM of the authority that has signed the certificates of Signum, gateways and clients. */
  readonly ca: Buffer;
  /**
   * Starts a gateway that asks this Signum, or the `signum edge` beside it; answers its port. It ends with
   * the lab.
   */
  gateway(gateway: Gateway, way: Way, special?: Special): Promise<number>;
  issue(options?: IssueOptions): Promise<IssuedToken>;
  /** Certificate of a client of gateways, from an authority that they take. */
  client(name: string): Promise<ClientIdentity>;
  close(): Promise<void>;
}

/** With a credential that is none, or with a TLS listener that takes certificates of clients. */
export type Special = 'forged' | 'mtls';

export interface IssueOptions {
  readonly scopes?: readonly string[];
  readonly tenantId?: string;
  readonly userId?: string;
  readonly lifetimeS?: number;
  /** Thumbprint of the key that it is bound to. */
  readonly jkt?: string;
  /** Thumbprint of the certificate that it is bound to, instead. */
  readonly certificate?: string | undefined;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly sessionId: string;
  revoke(): Promise<unknown>;
  /** Waits until no edge accepts it. */
  revokeFenced(): Promise<unknown>;
}

/** `env`: the server's, beside what the lab sets. */
export async function openGatewayLab(
  env: Readonly<Record<string, string>> = {},
): Promise<GatewayLab> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-gateways-'));
  const { caFile, ...server } = await developmentCertificates(dir);
  const redisUrl = new URL(await emptyDatabaseUrl());
  const redis = await startTcpProxy(Number(redisUrl.port));
  redisUrl.port = String(redis.port);
  const signum = await startTestServer({
    SIGNUM_REDIS_URL: redisUrl.href,
    SIGNUM_TLS_CERT_FILE: server.certFile,
    SIGNUM_TLS_KEY_FILE: server.keyFile,
    SIGNUM_TLS_CLIENT_CA_FILE: caFile,
    // A busy machine keeps Redis waiting: a shorter silence would not be the test's.
    SIGNUM_REDIS_COMMAND_TIMEOUT: '2s',
    SIGNUM_DRAIN_TIMEOUT: '2s',
    SIGNUM_EDGE_LEASE: '3s',
    SIGNUM_REDIS_FAILOVER_WINDOW: '0s',
    SIGNUM_GATEWAY_CERTIFICATE_HEADER: 'Client-Cert',
    ...env,
  });
  const service = await startEchoService();
  const transport = transportTo(
    signum.address,
    readFileSync(caFile, 'utf8'),
    signum.adminKey,
    'connect',
  );
  const callers = createClient(CallerService, transport);
  const { apiKey } = await callers.createCaller({
    name: 'gateway',
    permissions: [Permission.VALIDATE],
    tenants: [TENANT],
    certificateNames: ['DNS:gateway'],
  });
  // nginx may open them as another user.
  const socketDir = mkdtempSync(join(tmpdir(), 'signum-edge-'));
  chmodSync(socketDir, 0o755);
  const sockets = {
    edgeSocket: join(socketDir, 'edge.sock'),
    edgeGrpcSocket: join(socketDir, 'edge-grpc.sock'),
  };
  let edge: Promise<EdgeProcess> | undefined;
  /** One for all gateways of the lab. */
  const startLabEdge = async () => {
    const { apiKey: edgeKey } = await callers.createCaller({
      name: 'edge',
      permissions: [Permission.WATCH, Permission.VALIDATE],
      tenants: [TENANT],
    });
    return startEdge(
      loadEdgeConfig({
        SIGNUM_ADDRESS: signum.address,
        SIGNUM_CA_FILE: caFile,
        SIGNUM_API_KEY: edgeKey,
        SIGNUM_EDGE_LISTEN: `unix:${sockets.edgeSocket}`,
        SIGNUM_EDGE_GRPC_LISTEN: `unix:${sockets.edgeGrpcSocket}`,
        SIGNUM_EDGE_SOCKET_MODE: '0666',
        SIGNUM_EDGE_OPS_LISTEN: '127.0.0.1:0',
        SIGNUM_GATEWAY_CERTIFICATE_HEADER: 'Client-Cert',
        SIGNUM_LOG_LEVEL: 'silent',
      }),
    );
  };
  const tokens = createClient(TokenService, transport);
  const stops: (() => Promise<void>)[] = [];
  let devices = 0;

  return {
    signum,
    redis,
    service,
    ca: readFileSync(caFile),
    async gateway(gateway, way, special) {
      if (way === 'edge') {
        edge ??= startLabEdge();
        await edge;
      }
      const isForged = special === 'forged';
      const name = isForged ? 'nobody' : 'gateway';
      const { certFile, keyFile } = await clientCertificate(dir, name);
      const place = {
        port: await findFreePort(),
        servicePort: service.port,
        innerPort: await findFreePort(),
        publicPort: signum.server.addresses.public.port,
        grpcPort: signum.server.addresses.grpc.port,
        issuer: ISSUER,
        audience: AUDIENCE,
        caFile,
        certFile,
        keyFile,
        apiKey: isForged ? forge(apiKey) : apiKey,
        ...sockets,
        ...(special === 'mtls' && { clients: { ...server, clientCaFile: caFile } }),
      };
      const { stop } = await startGateway(gateway, place, way);
      stops.push(stop);
      return place.port;
    },
    async issue(options = {}) {
      const { scopes = [], tenantId = TENANT, userId = 'ada', lifetimeS } = options;
      devices += 1;
      const device = { tenantId, userId, deviceId: `phone ${devices}` };
      const accessLifetime = lifetimeS === undefined ? undefined : { seconds: BigInt(lifetimeS) };
      const confirmation = confirmationOf(options);
      const issued = await tokens.issue({
        ...{ device, scopes: [...scopes], accessLifetime },
        ...(confirmation && { confirmation }),
      });
      const { accessToken = '', sessionId = '' } = issued.tokens ?? {};
      const subject = { case: 'token', value: accessToken } as const;
      return {
        ...{ accessToken, sessionId, revoke: () => tokens.revoke({ subject }) },
        revokeFenced: () => tokens.revoke({ subject, fence: Fence.EDGES }),
      };
    },
    async client(name) {
      const files = await clientCertificate(dir, name);
      return { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
    },
    async close() {
      await Promise.all(stops.map((stop) => stop()));
      await (await edge)?.close();
      await service.close();
      // Closing it again changes nothing.
      await signum.close();
      await redis.stop();
      for (const each of [dir, socketDir]) rmSync(each, { recursive: true, force: true });
    },
  };
}

function confirmationOf({ jkt, certificate }: IssueOptions) {
  if (jkt !== undefined) return { method: { case: 'jkt' as const, value: jkt } };
  if (certificate === undefined) return undefined;
  return { method: { case: 'certificateThumbprint' as const, value: certificate } };
}

/** The key's id with another secret. */
function forge(apiKey: string): string {
  const secret = randomBytes(32).toString('base64url');
  return apiKey.slice(0, -secret.length) + secret;
}
