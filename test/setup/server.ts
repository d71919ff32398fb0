import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescService } from '@bufbuild/protobuf';
import { type Client, createClient, type Interceptor, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { loadConfig } from '../../src/config/config.ts';
import { developmentCertificates } from '../../src/dev/certificates.ts';
import { type Server, startServer } from '../../src/server/server.ts';
import { PASSWORD, USER } from './acl-users.ts';
import { emptyDatabaseUrl } from './redis.ts';

export type Protocol = 'connect' | 'connect-h1' | 'grpc' | 'grpc-web';

export interface TestServer {
  readonly server: Server;
  /** `https://localhost:PORT` of the public listener. */
  readonly address: string;
  /** `localhost:PORT` of the gRPC listener. */
  readonly grpcAddress: string;
  readonly opsAddress: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly certificates: {
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
  };
  readonly adminKey: string;
  /** For tests to look on and meddle: everything is allowed. */
  readonly redisUrl: string;
  /** The environment it was configured with, to start another server of the same deployment. */
  readonly env: Readonly<Record<string, string>>;
  /** A client with a bearer credential; the admin's by default, none with `null`. */
  client<S extends DescService>(
    service: S,
    credential?: string | null,
    protocol?: Protocol,
  ): Client<S>;
  close(): Promise<void>;
}

export const ISSUER = 'https://signum.test';
export const AUDIENCE = 'test-api';
/**
 * Of all servers of a test file: where they share a Redis without databases, one that runs may have
 * put its keys into the database that the next has just found empty.
 */
const ROOT_SECRET = randomBytes(32).toString('base64url');
const CREDENTIALS = `${USER}:${PASSWORD}@`;

/** A whole server over TLS on free ports, on an empty database of the shared Redis. */
export async function startTestServer(
  env: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-'));
  const certificates = await developmentCertificates(dir);
  const askedUrl = env['SIGNUM_REDIS_URL'];
  const redisUrl = askedUrl?.replace(CREDENTIALS, '') ?? (await emptyDatabaseUrl());
  // Of the shared Redis a server gets what it gets in production: the least-privileged user.
  const serverUrl = askedUrl ?? redisUrl.replace('://', `://${CREDENTIALS}`);
  const adminKey = `sgn_admin_${randomBytes(32).toString('base64url')}`;
  const complete = {
    SIGNUM_ISSUER: ISSUER,
    SIGNUM_AUDIENCE: AUDIENCE,
    SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0',
    SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
    SIGNUM_OPS_LISTEN: '127.0.0.1:0',
    SIGNUM_TLS_CERT_FILE: certificates.certFile,
    SIGNUM_TLS_KEY_FILE: certificates.keyFile,
    SIGNUM_SECRET: ROOT_SECRET,
    SIGNUM_ADMIN_KEY: adminKey,
    SIGNUM_REDIS_COMMAND_TIMEOUT: '5s',
    SIGNUM_DEADLINE_DEFAULT: '15s',
    SIGNUM_DEADLINE_MAX: '15s',
    SIGNUM_PARTITIONS: '4',
    SIGNUM_RATE_USER: '0',
    SIGNUM_LOG_LEVEL: 'silent',
    SIGNUM_AUDIT: 'off',
    ...env,
    SIGNUM_REDIS_URL: serverUrl,
  };
  const server = await startServer(loadConfig(complete));
  const address = `https://localhost:${server.addresses.public.port}`;
  const ca = readFileSync(certificates.caFile, 'utf8');
  return {
    server,
    address,
    grpcAddress: `localhost:${server.addresses.grpc.port}`,
    opsAddress: `http://127.0.0.1:${server.addresses.operations.port}`,
    ca,
    certificates,
    adminKey: complete.SIGNUM_ADMIN_KEY,
    redisUrl,
    env: complete,
    client: (service, credential = complete.SIGNUM_ADMIN_KEY, protocol = 'connect') =>
      createClient(service, transportTo(address, ca, credential, protocol)),
    async close() {
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A real client's transport over TLS. */
export function transportTo(
  baseUrl: string,
  ca: string,
  credential: string | null,
  protocol: Protocol,
): Transport {
  const bearer: Interceptor = (next) => (request) => {
    if (credential !== null) request.header.set('authorization', `Bearer ${credential}`);
    return next(request);
  };
  const options = { baseUrl, nodeOptions: { ca }, interceptors: [bearer] };
  switch (protocol) {
    case 'connect':
      return createConnectTransport({ ...options, httpVersion: '2' });
    case 'connect-h1':
      return createConnectTransport({ ...options, httpVersion: '1.1' });
    case 'grpc':
      return createGrpcTransport(options);
    case 'grpc-web':
      return createGrpcWebTransport({ ...options, httpVersion: '1.1' });
  }
}

export { CallerService, createClient, KeyService, TokenService };
