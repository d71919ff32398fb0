import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { loadEdgeConfig } from '../../src/config/config.ts';
import { type EdgeProcess, startEdge } from '../../src/server/edge/start-edge.ts';
import {
  type ClientIdentity,
  createTestCertificates,
  type TestCertificates,
} from '../listeners/certificates.ts';
import { CallerService, startTestServer, type TestServer } from '../setup/server.ts';

/** Who can stand at the doors of gateways. */
export const DOORKEEPERS = ['the server', 'signum edge'] as const;
export type Doorkeeper = (typeof DOORKEEPERS)[number];

/**
 * A server and a `signum edge` beside it, both over TLS at 127.0.0.1, for gateways of the tenant `acme`
 * that show a key or a certificate.
 */
export interface Doors {
  readonly signum: TestServer;
  readonly edge: EdgeProcess;
  /** The gateway's API key, which is its key at the edge as well. */
  readonly key: string;
  readonly certificate: ClientIdentity;
  /** Certificates of other clients, from the same authority. */
  readonly certificates: TestCertificates;
  /** Ports of `/authz` and of `Check`. */
  readonly http: Readonly<Record<Doorkeeper, number>>;
  readonly grpc: Readonly<Record<Doorkeeper, number>>;
  close(): Promise<void>;
}

export async function openDoors(
  env: Readonly<Record<string, string>> = {},
  edgeEnv: Readonly<Record<string, string>> = {},
): Promise<Doors> {
  const certificates = await createTestCertificates();
  const clientCa = { SIGNUM_TLS_CLIENT_CA_FILE: certificates.files.clientCaFile };
  const signum = await startTestServer({ ...clientCa, ...env });
  const callers = signum.client(CallerService);
  const newCaller = async (name: string, ...permissions: Permission[]) => {
    const certificateNames = [`DNS:${name}`];
    const caller = { name, permissions, tenants: ['acme'], certificateNames };
    return (await callers.createCaller(caller)).apiKey;
  };
  const key = await newCaller('gateway', Permission.VALIDATE);
  const edge = await startEdge(
    loadEdgeConfig({
      SIGNUM_ADDRESS: signum.address,
      SIGNUM_API_KEY: await newCaller('edge', Permission.WATCH, Permission.VALIDATE),
      SIGNUM_CA_FILE: signum.certificates.caFile,
      SIGNUM_TLS_CERT_FILE: signum.certificates.certFile,
      SIGNUM_TLS_KEY_FILE: signum.certificates.keyFile,
      SIGNUM_EDGE_GATEWAY_KEY: key,
      SIGNUM_EDGE_LISTEN: '127.0.0.1:0',
      SIGNUM_EDGE_GRPC_LISTEN: '127.0.0.1:0',
      SIGNUM_EDGE_OPS_LISTEN: '127.0.0.1:0',
      SIGNUM_LOG_LEVEL: 'silent',
      ...clientCa,
      ...env,
      ...edgeEnv,
    }),
  );
  const { public: http, grpc } = signum.server.addresses;
  return {
    ...{ signum, edge, key, certificates },
    certificate: await certificates.client('gateway'),
    http: { 'the server': http.port, 'signum edge': edge.addresses.http.port },
    grpc: { 'the server': grpc.port, 'signum edge': edge.addresses.grpc.port },
    async close() {
      await edge.close();
      await signum.close();
      certificates.remove();
    },
  };
}
