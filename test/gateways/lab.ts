import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { type EchoService, startEchoService } from '../../examples/run/echo-service.ts';
import type { Gateway, GatewayCredential } from '../../examples/run/gateway.ts';
import { startGateway } from '../../examples/run/start-gateway.ts';
import { clientCertificate, developmentCertificates } from '../../src/dev/certificates.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
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
  /** Starts a gateway that asks this Signum; answers its port. It ends with the lab. */
  gateway(gateway: Gateway, credential: GatewayCredential, forged?: 'forged'): Promise<number>;
  issue(options?: IssueOptions): Promise<IssuedToken>;
  close(): Promise<void>;
}

export interface IssueOptions {
  readonly scopes?: readonly string[];
  readonly tenantId?: string;
  readonly userId?: string;
  readonly lifetimeS?: number;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly sessionId: string;
  revoke(): Promise<unknown>;
}

export async function openGatewayLab(): Promise<GatewayLab> {
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
    SIGNUM_REDIS_COMMAND_TIMEOUT: '500ms',
  });
  const service = await startEchoService();
  const transport = transportTo(
    signum.address,
    readFileSync(caFile, 'utf8'),
    signum.adminKey,
    'connect',
  );
  const { apiKey } = await createClient(CallerService, transport).createCaller({
    name: 'gateway',
    permissions: [Permission.VALIDATE],
    tenants: [TENANT],
    certificateNames: ['DNS:gateway'],
  });
  const tokens = createClient(TokenService, transport);
  const stops: (() => Promise<void>)[] = [];
  let devices = 0;

  return {
    signum,
    redis,
    service,
    async gateway(gateway, credential, forged) {
      const name = forged === undefined ? 'gateway' : 'nobody';
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
        apiKey: forged === undefined ? apiKey : forge(apiKey),
      };
      const { stop } = await startGateway(gateway, place, credential);
      stops.push(stop);
      return place.port;
    },
    async issue({ scopes = [], tenantId = TENANT, userId = 'ada', lifetimeS } = {}) {
      devices += 1;
      const device = { tenantId, userId, deviceId: `phone ${devices}` };
      const accessLifetime = lifetimeS === undefined ? undefined : { seconds: BigInt(lifetimeS) };
      const issued = await tokens.issue({ device, scopes: [...scopes], accessLifetime });
      const { accessToken = '', sessionId = '' } = issued.tokens ?? {};
      const subject = { case: 'token', value: accessToken } as const;
      return { accessToken, sessionId, revoke: () => tokens.revoke({ subject }) };
    },
    async close() {
      await Promise.all(stops.map((stop) => stop()));
      await service.close();
      // Closing it again changes nothing.
      await signum.close();
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The key's id with another secret. */
function forge(apiKey: string): string {
  const secret = randomBytes(32).toString('base64url');
  return apiKey.slice(0, -secret.length) + secret;
}
