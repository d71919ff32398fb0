import { hostPort } from '../kinds/host-port.ts';
import { integer } from '../kinds/integer.ts';
import { list } from '../kinds/list.ts';
import { network } from '../kinds/network.ts';
import { defaulted } from '../setting.ts';

/** Where the server listens, and with how many processes. */
export const listen = {
  title: 'Listeners',
  settings: {
    public: defaulted({
      env: 'SIGNUM_PUBLIC_LISTEN',
      kind: hostPort,
      default: '0.0.0.0:8443',
      doc: 'Listener for Connect, gRPC-web, JWKS and everything else over HTTP/1.1 and HTTP/2.',
    }),
    grpc: defaulted({
      env: 'SIGNUM_GRPC_LISTEN',
      kind: hostPort,
      default: '0.0.0.0:9443',
      doc: 'Listener for gRPC, with health and reflection.',
    }),
    operations: defaulted({
      env: 'SIGNUM_OPS_LISTEN',
      kind: hostPort,
      default: '127.0.0.1:9464',
      doc: 'Listener for `/livez`, `/readyz` and `/metrics`: plain HTTP without authentication, so keep it private.',
    }),
    trustedProxies: defaulted({
      env: 'SIGNUM_TRUSTED_PROXIES',
      kind: list(network),
      default: '',
      doc: 'Addresses of load balancers and proxies that are believed when they say, by the PROXY protocol (versions 1 and 2, before TLS) or X-Forwarded-For, which address a client has; it is told in the audit trail. List only those that set or remove both themselves. From anyone else both count for nothing.',
    }),
    workers: defaulted({
      env: 'SIGNUM_WORKERS',
      kind: integer({ min: 1, max: 256 }),
      default: '1',
      doc: 'Worker processes; as many as there are cores use the whole machine.',
    }),
  },
} as const;
