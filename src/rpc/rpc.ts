import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  Message,
} from '@bufbuild/protobuf';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Endpoint, StreamEndpoint, UnaryEndpoint } from '../call/endpoint.ts';
import type { Head } from '../call/head.ts';
import type { ToSignumError } from '../call/internal-error.ts';
import type { Pipeline } from '../call/pipeline.ts';
import type { StreamCall } from '../call/stream-call.ts';
import type { UnaryCall } from '../call/unary-call.ts';
import type { CallerAdministration } from '../callers/administer.ts';
import type { FenceWanted } from '../domain/session.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { createCheckOf } from './check-message.ts';
import type { MethodRule } from './method-rule.ts';
import { methodTable } from './method-table.ts';
import type { Keys } from './methods/keys.ts';
import type { ValidateItemsDeps } from './methods/validate.ts';
import type { WatchDeps } from './methods/watch.ts';
import type { WatchSessionDeps } from './methods/watch-session.ts';

export type StreamingMethod = DescMethodBiDiStreaming | DescMethodServerStreaming;

type Verbs = 'admit' | 'maxBytes' | 'run' | 'fail';

/** A call of a method, of which the head has come. */
export type RpcCall = Pick<UnaryCall<Message, Message>, Verbs>;
export type RpcStream = Pick<StreamCall<Message, Message>, Verbs>;

/** The methods of the contract, as every transport calls them. */
export interface Rpc {
  readonly services: readonly DescService[];
  open(method: DescMethodUnary, head: Head): RpcCall;
  openStream(method: StreamingMethod, head: Head): RpcStream;
}

/** Every service of the contract, and that of Envoy's external authorization. */
export const SERVICES = [
  TokenService,
  KeyService,
  CallerService,
  FeedService,
  Authorization,
] as const;

/** The largest request message of a caller who is known, in bytes. */
export interface MessageLimits {
  /** Default 65,536. */
  readonly maxBytes: number;
  /** Of what holds many items; default 2,097,152: room for 256 of the longest tokens. */
  readonly maxBatchBytes: number;
}

export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  maxBytes: 64 * 1024,
  maxBatchBytes: 2 * 1024 * 1024,
};

export interface RpcDeps extends WatchDeps, WatchSessionDeps {
  readonly tokens: Tokens;
  readonly ring: Keys;
  readonly callers: CallerAdministration;
  /** Whether what ends a session waits for the edges, unless a call says; default NONE. */
  readonly fence?: FenceWanted | undefined;
  /** A cookie that may hold the token which Envoy asks about. */
  readonly cookie?: string | undefined;
  readonly pipeline: Pipeline;
  readonly toSignumError: ToSignumError;
  readonly onItemFailure?: ValidateItemsDeps['onItemFailure'];
  readonly limits?: Partial<MessageLimits>;
}

/** Every method of the contract behind the pipeline. */
export function createRpc(deps: RpcDeps): Rpc {
  const checkItem = createCheckOf()(TokenService.method.validate.input);
  return createMethods({ ...deps, services: SERVICES, rules: methodTable({ ...deps, checkItem }) });
}

export interface MethodsDeps extends Pick<RpcDeps, 'pipeline' | 'limits'> {
  readonly services: readonly DescService[];
  /** One for each of their methods. */
  readonly rules: readonly MethodRule[];
}

/** The methods of some services behind the pipeline. */
export function createMethods({ pipeline, services, rules, limits }: MethodsDeps): Rpc {
  const { maxBytes, maxBatchBytes } = { ...DEFAULT_MESSAGE_LIMITS, ...limits };
  const checkOf = createCheckOf();
  const endpoints = new Map<DescMethod, Endpoint<Message, Message>>();
  for (const rule of rules) {
    const { method, size } = rule;
    const check = rule.check ?? checkOf(method.input);
    const bounds = { maxBytes: size === 'batch' ? maxBatchBytes : maxBytes };
    endpoints.set(method, { ...rule, check, ...bounds });
  }
  const find = (method: DescMethod) => {
    const endpoint = endpoints.get(method);
    if (endpoint === undefined) throw new Error(`${method.name} is no method of the contract`);
    return endpoint;
  };
  return {
    services,
    open: (method, head) => pipeline.open(find(method) as UnaryEndpoint<Message, Message>, head),
    openStream: (method, head) =>
      pipeline.openStream(find(method) as StreamEndpoint<Message, Message>, head),
  };
}

/** The methods that take one message and answer one. */
export function unaryMethods(rpc: Pick<Rpc, 'services'>): DescMethodUnary[] {
  return allMethods(rpc).filter(
    (method): method is DescMethodUnary => method.methodKind === 'unary',
  );
}

/** The methods that stream their answers, or both ways. */
export function streamingMethods(rpc: Pick<Rpc, 'services'>): StreamingMethod[] {
  return allMethods(rpc).filter(
    (method): method is StreamingMethod =>
      method.methodKind === 'bidi_streaming' || method.methodKind === 'server_streaming',
  );
}

function allMethods({ services }: Pick<Rpc, 'services'>): readonly DescMethod[] {
  return services.flatMap((service) => service.methods);
}

/** The path under which gRPC and Connect serve a method. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
