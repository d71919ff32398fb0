import type { Agent } from 'node:https';
import { createClient, type Interceptor, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { type TestServer, TokenService } from '../../setup/server.ts';
import type { ClientIdentity } from './identities.ts';

/** Both listeners, and both HTTP versions of the public one. */
export const ENTRANCES = [
  'Connect on HTTP/1.1',
  'Connect on HTTP/2',
  'gRPC on the public listener',
  'gRPC on the gRPC listener',
] as const;

export type Entrance = (typeof ENTRANCES)[number];

export const isPublic = (entrance: Entrance) => entrance !== 'gRPC on the gRPC listener';

export interface Visitor {
  readonly identity?: ClientIdentity | undefined;
  readonly apiKey?: string | undefined;
  /** Of HTTP/1.1: Node's own keeps connections. */
  readonly agent?: Agent | undefined;
}

/** A client that presents a certificate, an API key, both or neither. */
export function visit(server: TestServer, entrance: Entrance, visitor: Visitor) {
  return createClient(TokenService, transportAt(server, entrance, visitor));
}

export function transportAt(
  server: TestServer,
  entrance: Entrance,
  { identity, apiKey, agent }: Visitor,
): Transport {
  const baseUrl = isPublic(entrance) ? server.address : `https://${server.grpcAddress}`;
  const bearer: Interceptor = (next) => (request) => {
    if (apiKey !== undefined) request.header.set('authorization', `Bearer ${apiKey}`);
    return next(request);
  };
  const nodeOptions = { ca: server.ca, ...identity };
  const options = { baseUrl, nodeOptions, interceptors: [bearer] };
  switch (entrance) {
    case 'Connect on HTTP/1.1':
      return createConnectTransport({
        ...options,
        nodeOptions: { ...nodeOptions, agent },
        httpVersion: '1.1',
      });
    case 'Connect on HTTP/2':
      return createConnectTransport({ ...options, httpVersion: '2' });
    default:
      return createGrpcTransport(options);
  }
}
