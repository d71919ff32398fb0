import { create, type Message } from '@bufbuild/protobuf';
import type { Authenticate } from '../callers/authenticate.ts';
import type { SignumError } from '../domain/errors.ts';
import type { MethodRule, StreamSide } from '../rpc/method-rule.ts';
import type { RpcStreamRequest } from '../rpc/rpc.ts';
import { codeNameOf } from '../rpc/status.ts';
import { admit } from './admit.ts';
import { deadlineExceeded } from './deadline.ts';
import type { InFlight } from './in-flight.ts';
import type { ToSignumError } from './internal-error.ts';
import type { Observation } from './observation.ts';
import type { Pipeline } from './pipeline.ts';
import { requestIdOf } from './request-id.ts';
import { Conversation, draining, idleTooLong } from './stream.ts';

export interface StreamLimits {
  /** Streams open at once on this server; 1 or more. */
  readonly maxStreams: number;
  /** A stream ends on which nothing has moved for this long, in milliseconds. */
  readonly idleStreamMs: number;
  /**
   * How often the caller of a stream on which nothing comes is looked at again, in milliseconds; with
   * each message it is in any case.
   */
  readonly recheckCallerMs: number;
}

export interface ConverseDeps {
  readonly pipeline: Pipeline;
  readonly authenticate: Authenticate;
  /** Counts open streams. */
  readonly open: InFlight;
  readonly limits: StreamLimits;
  readonly toSignumError: ToSignumError;
  /** Told of streams that are refused; of what is sent on others the pipeline tells. */
  observe(observation: Observation): void;
  newRequestId(): string;
  /** Monotonic milliseconds, as `performance.now()`. */
  now(): number;
}

/** Batches of one stream at once: enough for one to be read and one sent while two are looked up. */
const MAX_UNDERWAY = 4;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Carries on a stream: the caller is admitted when it opens and as long as it is open, and each
 * message is a call of its own through the pipeline. Fails with SignumError, or as its messages do.
 */
export async function* converse(
  deps: ConverseDeps,
  rule: MethodRule & { readonly stream: StreamSide },
  request: RpcStreamRequest,
): AsyncGenerator<Message> {
  const { pipeline, authenticate, open, limits, now } = deps;
  const startedAtMs = now();
  const { header, peer } = request;
  const { failed } = rule.stream;
  const admission = rule.demand(create(rule.method.input));
  const recheck = async () => void (await admit(admission, request, authenticate));
  const toError = (thrown: unknown) => {
    const requestId = requestIdOf(header('x-request-id'), deps.newRequestId);
    return deps.toSignumError(thrown, { requestId, method: rule.name });
  };

  const undo: (() => void)[] = [];
  try {
    open.enter();
    undo.push(() => open.leave());
    await recheck();
  } catch (thrown) {
    for (const step of undo) step();
    const error = toError(thrown);
    const { reason } = error;
    const ms = now() - startedAtMs;
    const code = codeNameOf(reason);
    deps.observe({ method: rule.name, code, reason, ms, callerKind: 'unknown' });
    throw error;
  }
  try {
    const conversation = new Conversation({
      messages: request.messages,
      maxUnderway: MAX_UNDERWAY,
      now,
      // Neither the stream's time-out nor its end cuts a batch short that was begun.
      answer: (message) =>
        pipeline(rule, message, { header, peer }).catch((error: SignumError) => {
          const instead = failed(error, message);
          if (instead === undefined) throw error;
          return instead;
        }),
    });
    undo.push(
      ...ends(conversation, request, limits, async () => {
        await recheck().catch((thrown) => conversation.stop(toError(thrown)));
      }),
    );
    yield* conversation.answers();
  } finally {
    for (const step of undo) step();
  }
}

/** Whatever ends a stream from without; answers how to stop waiting for it. */
function ends(
  conversation: Conversation,
  { draining: leaving, signal, timeoutMs = LONGEST_TIMER_MS }: RpcStreamRequest,
  { idleStreamMs, recheckCallerMs }: StreamLimits,
  recheck: () => Promise<void>,
): (() => void)[] {
  const look = setInterval(() => {
    if (conversation.idleMs() > idleStreamMs) conversation.stop(idleTooLong());
    void recheck();
  }, recheckCallerMs);
  const late = () => conversation.stop(deadlineExceeded());
  const timer = setTimeout(late, Math.min(timeoutMs, LONGEST_TIMER_MS));
  const onDrain = () => conversation.stop(draining());
  if (leaving.aborted) onDrain();
  leaving.addEventListener('abort', onDrain);
  if (signal?.aborted) conversation.handleEvent();
  signal?.addEventListener('abort', conversation);
  return [
    () => clearInterval(look),
    () => clearTimeout(timer),
    () => leaving.removeEventListener('abort', onDrain),
    () => signal?.removeEventListener('abort', conversation),
  ];
}
