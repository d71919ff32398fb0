import { isLoopback } from './kinds/host-port.ts';
import type { ListenAt } from './kinds/listen-at.ts';
import { CLIENT_RULES, type Rule } from './rules.ts';
import type { EdgeValues } from './schema.ts';

/** Whether what is said there stays on this machine. */
function isNear({ host, path }: ListenAt): boolean {
  return path !== undefined || isLoopback(host);
}

const LISTENERS = [
  ['SIGNUM_EDGE_LISTEN', ({ edge }: EdgeValues) => edge.http],
  ['SIGNUM_EDGE_GRPC_LISTEN', ({ edge }: EdgeValues) => edge.grpc],
] as const;

/** Rules between the settings of `signum edge`. */
export const EDGE_RULES: readonly Rule<EdgeValues>[] = [
  {
    on: ['SIGNUM_API_KEY', 'SIGNUM_CLIENT_CERT_FILE'],
    says: 'is required, unless SIGNUM_CLIENT_CERT_FILE is set',
    holds: ({ client }) => client.apiKey !== undefined || client.certFile !== undefined,
  },
  {
    on: ['SIGNUM_EDGE_SERVERS', 'SIGNUM_ADDRESS'],
    says: 'must name at least one server, each by https',
    holds: ({ edge: { servers } }) =>
      servers.length > 0 && servers.every((address) => address.startsWith('https:')),
  },
  {
    on: ['SIGNUM_TLS_CERT_FILE', 'SIGNUM_TLS_KEY_FILE'],
    says: 'must be set together with SIGNUM_TLS_KEY_FILE, or neither',
    holds: ({ tls }) => (tls.certFile === undefined) === (tls.keyFile === undefined),
  },
  {
    on: ['SIGNUM_TLS_CLIENT_CA_FILE', 'SIGNUM_TLS_CERT_FILE'],
    says: 'must not be set without SIGNUM_TLS_CERT_FILE',
    holds: ({ tls }) => tls.clientCaFile === undefined || tls.certFile !== undefined,
  },
  ...LISTENERS.flatMap(([env, at]): Rule<EdgeValues>[] => [
    {
      on: [env, 'SIGNUM_TLS_CERT_FILE'],
      says: 'must be a loopback address or a Unix socket, unless SIGNUM_TLS_CERT_FILE is set',
      holds: (values) => isNear(at(values)) || values.tls.certFile !== undefined,
    },
    {
      on: [env, 'SIGNUM_EDGE_GATEWAY_KEY', 'SIGNUM_TLS_CLIENT_CA_FILE'],
      says: 'must be a loopback address or a Unix socket, unless SIGNUM_EDGE_GATEWAY_KEY or SIGNUM_TLS_CLIENT_CA_FILE says who may ask',
      holds: (values) =>
        isNear(at(values)) ||
        values.edge.gatewayKeys.length > 0 ||
        values.tls.clientCaFile !== undefined,
    },
  ]),
  {
    on: ['SIGNUM_EDGE_STALE_FOR', 'SIGNUM_EDGE_ON_STALE'],
    says: 'must be longer than 0 if SIGNUM_EDGE_ON_STALE is accept, and 0 otherwise',
    holds: ({ edge }) => (edge.onStale === 'ACCEPT') === edge.staleForMs > 0,
  },
  ...CLIENT_RULES,
];
