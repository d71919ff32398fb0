import { setTimeout as delay } from 'node:timers/promises';
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { DEFAULT_MESSAGE_LIMITS } from '../../rpc/create-rpc.ts';
import type { Rpc } from '../../rpc/rpc.ts';
import { trackConnections } from '../drain/connections.ts';
import { listen } from '../listen.ts';
import type { Listener, ListenOptions, ProxyOptions } from '../listener.ts';
import type { TlsListenOptions } from '../tls/options.ts';
import { createGrpcConnections } from './connections.ts';
import { addReflection } from './reflection.ts';
import { grpcDefinition, grpcImplementation } from './service.ts';

export interface GrpcOptions extends ListenOptions, TlsListenOptions, ProxyOptions {
  readonly rpc: Rpc;
  /** The longest message of any method, in bytes; default 2,097,152. */
  readonly maxMessageBytes?: number;
  /** Connections at once, default 20,000; more are refused. */
  readonly maxConnections?: number;
}

export interface GrpcListener extends Listener {
  /** What grpc.health.v1 answers, for the server ('') and every service; not serving at first. */
  setServing(serving: boolean): void;
}

/** After the last answer, for its bytes to leave, in milliseconds. */
const FLUSH_MS = 100;
const POLL_MS = 10;

/** When sessions end whatever they do, in milliseconds: longer than any call may take. */
const SESSION_GRACE_MS = 60_000;

const SERVER_OPTIONS: ServerOptions = {
  // Its book-keeping costs a tenth of a call, and nobody asks for it.
  'grpc.enable_channelz': 0,
  'grpc.max_concurrent_streams': 1_000,
  // Megabytes that a connection may hold before its further streams are refused; unbounded by default.
  'grpc-node.max_session_memory': 32,
  // Gateways spread anew over the servers within the hour; calls under way get their answer.
  'grpc.max_connection_age_ms': 3_600_000,
  'grpc.max_connection_age_grace_ms': 30_000,
  'grpc.max_connection_idle_ms': 1_800_000,
  // Finds peers that vanished without a word.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** gRPC for gateways and services, with health checking and server reflection. */
export async function startGrpc(options: GrpcOptions): Promise<GrpcListener> {
  const { maxMessageBytes = DEFAULT_MESSAGE_LIMITS.maxBatchBytes } = options;
  const grpc = new Server({
    ...SERVER_OPTIONS,
    'grpc.max_receive_message_length': maxMessageBytes,
  });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const { server, peerAt } = createGrpcConnections(options, injector);
  const { rpc, inFlight } = counted(options.rpc);
  const leaving = new AbortController();
  const deps = { rpc, peerAt, draining: leaving.signal };
  for (const service of rpc.services) {
    grpc.addService(grpcDefinition(service), grpcImplementation(service, deps));
  }
  const health = new HealthImplementation();
  health.addToServer(grpc);
  addReflection(grpc, rpc);
  const names = ['', ...rpc.services.map((service) => service.typeName)];
  const setServing = (serving: boolean) => {
    for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
  setServing(false);

  server.maxConnections = options.maxConnections ?? 20_000;
  const connections = trackConnections(server);
  const address = await listen(server, options);

  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    grpc.forceShutdown();
    connections.destroyAll();
    await closed;
  };
  return {
    address,
    setServing,
    async drain() {
      setServing(false);
      leaving.abort();
      const finished = new Promise<void>((resolve) => server.close(() => resolve()));
      // A GOAWAY on every connection. Not tryShutdown: that calls back at once when its HTTP/2 server
      // has closed the sessions first, as Node's does, however many calls are under way.
      injector.drain(SESSION_GRACE_MS);
      // Health watches and reflection streams never end by themselves: only calls are waited for.
      await Promise.race([finished, inFlight.none()]);
      await close();
    },
    close,
  };
}

/** The same methods, with the calls under way counted. */
function counted(rpc: Rpc): { rpc: Rpc; inFlight: { none(): Promise<void> } } {
  let count = 0;
  const none = async () => {
    while (count > 0) await delay(POLL_MS);
    await delay(FLUSH_MS);
  };
  return {
    inFlight: { none },
    rpc: {
      services: rpc.services,
      open(method, head) {
        const call = rpc.open(method, head);
        const run = call.run.bind(call);
        call.run = (input) => {
          count += 1;
          return run(input).finally(() => {
            count -= 1;
          });
        };
        return call;
      },
      openStream(method, head) {
        const call = rpc.openStream(method, head);
        const run = call.run.bind(call);
        call.run = async function* (messages, leaving) {
          count += 1;
          try {
            yield* run(messages, leaving);
          } finally {
            count -= 1;
          }
        };
        return call;
      },
    },
  };
}
