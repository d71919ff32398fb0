import { createRegistry } from '@bufbuild/protobuf';
import { type Client, createClient, type Interceptor, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { file_google_rpc_error_details } from '@signum/contract/google/rpc/error_details_pb.js';
import { CallerService, KeyService, type TestServer, TokenService } from '../setup/server.ts';
import { createGrpcJsTransport } from './grpc-js-transport.ts';

/** Every way in which a client can talk to the service, by the stock client that does. */
export const PROTOCOLS = [
  'Connect binary on HTTP/2',
  'Connect JSON on HTTP/2',
  'Connect binary on HTTP/1.1',
  'Connect JSON with GET on HTTP/1.1',
  'gRPC-web on HTTP/1.1',
  'gRPC-web on HTTP/2',
  'gRPC on the public listener',
  'gRPC on the gRPC listener',
] as const;

export type Protocol = (typeof PROTOCOLS)[number];

export interface Clients {
  readonly tokens: Client<typeof TokenService>;
  readonly keys: Client<typeof KeyService>;
  readonly callers: Client<typeof CallerService>;
}

/** Clients of all services with a bearer credential: the admin's by default, none with `null`. */
export function clientsOf(
  server: TestServer,
  protocol: Protocol,
  credential: string | null = server.adminKey,
): Clients {
  const transport = transportOf(server, protocol, credential);
  return {
    tokens: createClient(TokenService, transport),
    keys: createClient(KeyService, transport),
    callers: createClient(CallerService, transport),
  };
}

export function transportOf(
  server: TestServer,
  protocol: Protocol,
  credential: string | null,
): Transport {
  const bearer: Interceptor = (next) => (request) => {
    if (credential !== null) request.header.set('authorization', `Bearer ${credential}`);
    return next(request);
  };
  const options = {
    baseUrl: server.address,
    nodeOptions: { ca: server.ca },
    interceptors: [bearer],
    // JSON spells the details of errors out: BatchValidate answers them as google.protobuf.Any.
    jsonOptions: { registry: createRegistry(file_google_rpc_error_details) },
  };
  switch (protocol) {
    case 'Connect binary on HTTP/2':
      return createConnectTransport({ ...options, httpVersion: '2', useBinaryFormat: true });
    case 'Connect JSON on HTTP/2':
      return createConnectTransport({ ...options, httpVersion: '2', useBinaryFormat: false });
    case 'Connect binary on HTTP/1.1':
      return createConnectTransport({ ...options, httpVersion: '1.1', useBinaryFormat: true });
    case 'Connect JSON with GET on HTTP/1.1': {
      const json = { httpVersion: '1.1', useBinaryFormat: false, useHttpGet: true } as const;
      return createConnectTransport({ ...options, ...json });
    }
    case 'gRPC-web on HTTP/1.1':
      return createGrpcWebTransport({ ...options, httpVersion: '1.1' });
    case 'gRPC-web on HTTP/2':
      return createGrpcWebTransport({ ...options, httpVersion: '2' });
    case 'gRPC on the public listener':
      return createGrpcTransport(options);
    case 'gRPC on the gRPC listener':
      return createGrpcJsTransport(server.grpcAddress, server.ca, credential);
  }
}
