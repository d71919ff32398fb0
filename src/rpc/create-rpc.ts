import type { DescMethod, Message } from '@bufbuild/protobuf';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Endpoint, StreamEndpoint, UnaryEndpoint } from '../call/endpoint.ts';
import type { ToSignumError } from '../call/internal-error.ts';
import type { Pipeline } from '../call/pipeline.ts';
import type { CallerAdministration } from '../callers/administer.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { createCheckOf } from './check-message.ts';
import { methodTable } from './method-table.ts';
import type { Keys } from './methods/keys.ts';
import type { WatchDeps } from './methods/watch.ts';
import type { WatchSessionDeps } from './methods/watch-session.ts';
import type { Rpc } from './rpc.ts';
import { SERVICES } from './services.ts';

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
  /** A cookie that may hold the token which Envoy asks about. */
  readonly cookie?: string | undefined;
  readonly pipeline: Pipeline;
  readonly toSignumError: ToSignumError;
  readonly limits?: Partial<MessageLimits>;
}

/** Every method of the contract behind the pipeline. */
export function createRpc(deps: RpcDeps): Rpc {
  const { pipeline } = deps;
  const { maxBytes, maxBatchBytes } = { ...DEFAULT_MESSAGE_LIMITS, ...deps.limits };
  const checkOf = createCheckOf();
  const checkItem = checkOf(TokenService.method.validate.input);
  const endpoints = new Map<DescMethod, Endpoint<Message, Message>>();
  for (const rule of methodTable({ ...deps, checkItem })) {
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
    services: SERVICES,
    open: (method, head) => pipeline.open(find(method) as UnaryEndpoint<Message, Message>, head),
    openStream: (method, head) =>
      pipeline.openStream(find(method) as StreamEndpoint<Message, Message>, head),
  };
}
