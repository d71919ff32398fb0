import type { StreamEndpoint, UnaryEndpoint } from './endpoint.ts';
import type { Head } from './head.ts';
import { createInFlight, createPlaces } from './in-flight.ts';
import type { OpenCallDeps, Timeouts } from './open-call.ts';
import { StreamCall, type StreamLimits } from './stream-call.ts';
import { UnaryCall } from './unary-call.ts';

export interface PipelineLimits extends Timeouts, StreamLimits {
  /** Calls of one endpoint that are under way at once on this server; 1 or more. */
  readonly maxInflight: number;
}

const DEFAULT_LIMITS: PipelineLimits = {
  maxInflight: 2_048,
  defaultTimeoutMs: 1_000,
  maxTimeoutMs: 10_000,
  maxStreams: 1_024,
  maxUserStreams: 4_096,
  idleStreamMs: 60_000,
  recheckCallerMs: 2_000,
};

export interface PipelineOptions extends Omit<OpenCallDeps, 'timeouts' | 'now'> {
  readonly limits?: Partial<PipelineLimits>;
}

/**
 * The way of every call, whatever the door: who calls → may they at all → read the message → may they
 * do this → check → handle, within a deadline and among a bounded number of others.
 */
export interface Pipeline {
  /** A call of which the head has come. */
  open<I, O>(endpoint: UnaryEndpoint<I, O>, head: Head): UnaryCall<I, O>;
  openStream<I, O>(endpoint: StreamEndpoint<I, O>, head: Head): StreamCall<I, O>;
  /** Unary calls being carried out. */
  callsInFlight(): number;
  /** Refuses every call from now on: the server is going away. */
  refuseCalls(): void;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  let refusing = false;
  const isDraining = () => refusing;
  const now = () => performance.now();
  const places = createPlaces({ maxInflight: limits.maxInflight, isDraining });
  const entrance = createInFlight({ maxInflight: Number.POSITIVE_INFINITY, isDraining });
  const streams = createInFlight({ maxInflight: limits.maxStreams, isDraining });
  const userStreams = createInFlight({ maxInflight: limits.maxUserStreams, isDraining });
  const deps = {
    ...options,
    now,
    timeouts: limits,
    limits,
    places,
    entrance,
    streams,
    userStreams,
  };
  return {
    open: (endpoint, head) => new UnaryCall(deps, endpoint, places.of(endpoint.name), head),
    openStream: (endpoint, head) => new StreamCall(deps, endpoint, head),
    callsInFlight: () => places.count(),
    refuseCalls() {
      refusing = true;
    },
  };
}
