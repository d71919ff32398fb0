import type { Edge } from '@signum/edge';
import type { EdgeConfig } from '../../config/config.ts';
import type { Address } from '../../transport/listener.ts';

/** Where an edge listens. */
export interface EdgeAddresses {
  readonly http: Address;
  readonly grpc: Address;
  readonly operations: Address;
}

/** What runs where, who may ask, and whom it follows: a line each, for a person. */
export function describeEdge(
  config: EdgeConfig,
  { http, grpc, operations }: EdgeAddresses,
  { state }: Pick<Edge, 'state'>,
): string[] {
  const isPlain = ({ path }: Address) => path !== undefined || config.tls.certFile === undefined;
  const how = (at: Address) => (isPlain(at) ? 'plaintext' : 'TLS');
  const { servers } = config.edge;
  return [
    `/authz       ${shown(http)} (HTTP, ${how(http)})`,
    `Check        ${shown(grpc)} (gRPC, ${how(grpc)})`,
    `Operations   http://${shown(operations)} (/livez /readyz /metrics)`,
    `Who may ask  ${whoMayAsk(config)}`,
    `Follows      ${servers.join(', ')} (${state}${state === 'LIVE' ? '' : ': asks for each token'})`,
  ];
}

function whoMayAsk({ edge, tls }: EdgeConfig): string {
  const { gatewayKeys, http, grpc, socketMode } = edge;
  const ways = [
    ...(gatewayKeys.length > 0 ? ['with a key of SIGNUM_EDGE_GATEWAY_KEY'] : []),
    ...(tls.clientCaFile === undefined ? [] : ['with a certificate of SIGNUM_TLS_CLIENT_CA_FILE']),
  ];
  if (ways.length > 0) return `gateways ${ways.join(', or ')}`;
  const mode = socketMode.toString(8).padStart(4, '0');
  const reached = [
    ...(http.path === undefined || grpc.path === undefined
      ? ['every process of this machine']
      : []),
    ...((http.path ?? grpc.path) ? [`whoever may open the socket (mode ${mode})`] : []),
  ];
  return `${reached.join(', and ')}; set SIGNUM_EDGE_GATEWAY_KEY to ask for a key`;
}

function shown({ host, port, path }: Address): string {
  if (path !== undefined) return `unix:${path}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
