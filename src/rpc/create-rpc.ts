import type { DescMethod, Message } from '@bufbuild/protobuf';
import { uuidv7 } from 'uuidv7';
import type { Timeouts } from '../call/deadline.ts';
import { createInFlight } from '../call/in-flight.ts';
import { createToSignumError } from '../call/internal-error.ts';
import type { Observation, RpcLog } from '../call/observation.ts';
import { createPipeline } from '../call/pipeline.ts';
import { converse, type StreamLimits } from '../call/serve-stream.ts';
import type { CallerAdministration } from '../callers/administer.ts';
import type { Authenticate } from '../callers/authenticate.ts';
import { SignumError } from '../domain/errors.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { createCheckMessage } from './check-message.ts';
import type { MethodRule } from './method-rule.ts';
import { methodTable } from './method-table.ts';
import type { Keys } from './methods/keys.ts';
import type { Rpc } from './rpc.ts';
import { SERVICES } from './services.ts';

export interface RpcDeps {
  readonly tokens: Tokens;
  readonly ring: Keys;
  readonly callers: CallerAdministration;
  readonly authenticate: Authenticate;
  readonly log: RpcLog;
  /** Told of every call once it is answered. Must not throw. */
  observe(observation: Observation): void;
  /** Whether calls are to be refused because the server is going away. */
  isDraining(): boolean;
  readonly limits?: Partial<RpcLimits>;
  /** UUIDv7 by default. */
  newRequestId?(): string;
}

export interface RpcLimits extends Timeouts, StreamLimits {
  /** Calls under way at once on this server; 1 or more. */
  readonly maxInflight: number;
}

export const DEFAULT_RPC_LIMITS: RpcLimits = {
  maxInflight: 2_048,
  defaultTimeoutMs: 1_000,
  maxTimeoutMs: 10_000,
  maxStreams: 1_024,
  idleStreamMs: 60_000,
  recheckCallerMs: 2_000,
};

export interface CountedRpc extends Rpc {
  /** Unary calls being carried out. */
  callsInFlight(): number;
}

/** Every method of the contract behind one pipeline. */
export function createRpc(deps: RpcDeps): CountedRpc {
  const { authenticate, isDraining, observe } = deps;
  const limits = { ...DEFAULT_RPC_LIMITS, ...deps.limits };
  const checkMessage = createCheckMessage();
  const toSignumError = createToSignumError(deps.log);
  const rules = methodTable({ ...deps, checkMessage, toSignumError });
  const byMethod = new Map<DescMethod, MethodRule>(rules.map((rule) => [rule.method, rule]));
  const now = () => performance.now();
  const newRequestId = deps.newRequestId ?? uuidv7;
  const inFlight = createInFlight({ maxInflight: limits.maxInflight, isDraining });
  const pipeline = createPipeline({
    authenticate,
    checkMessage,
    toSignumError,
    observe,
    inFlight,
    timeouts: limits,
    newRequestId,
    now,
  });
  const open = createInFlight({ maxInflight: limits.maxStreams, isDraining });
  const streams = {
    pipeline,
    authenticate,
    open,
    limits,
    toSignumError,
    observe,
    newRequestId,
    now,
  };
  return {
    services: SERVICES,
    callsInFlight: () => inFlight.count,
    invoke(request): Promise<Message> {
      const rule = byMethod.get(request.method);
      if (rule !== undefined) return pipeline(rule, request.message, request);
      return Promise.reject(noSuchMethod());
    },
    converse(request): AsyncIterable<Message> {
      const rule = byMethod.get(request.method);
      if (rule?.stream === undefined) throw noSuchMethod();
      const { stream } = rule;
      return converse(streams, { ...rule, stream }, request);
    },
  };
}

function noSuchMethod(): SignumError {
  return new SignumError('UNIMPLEMENTED', 'there is no such method');
}
