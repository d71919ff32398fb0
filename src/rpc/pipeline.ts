import type { Message } from '@bufbuild/protobuf';
import type { Authenticate } from '../callers/authenticate.ts';
import type { Caller } from '../domain/caller.ts';
import { admit } from './admit.ts';
import type { CheckMessage } from './check-message.ts';
import { deadlineFor, type Timeouts } from './deadline.ts';
import type { InFlight } from './in-flight.ts';
import type { ToSignumError } from './internal-error.ts';
import type { MethodRule } from './method-rule.ts';
import type { Observation } from './observation.ts';
import type { RpcContext } from './rpc.ts';
import { RunningCall } from './running-call.ts';
import { codeNameOf } from './status.ts';

export interface PipelineDeps {
  readonly authenticate: Authenticate;
  readonly checkMessage: CheckMessage;
  readonly inFlight: InFlight;
  readonly timeouts: Timeouts;
  readonly toSignumError: ToSignumError;
  observe(observation: Observation): void;
  newRequestId(): string;
  /** Monotonic milliseconds, as `performance.now()`. */
  now(): number;
}

/** Takes one message through all steps. Rejects with SignumError only. */
export type Pipeline = (
  rule: MethodRule,
  message: Message,
  context: RpcContext,
) => Promise<Message>;

export function createPipeline(deps: PipelineDeps): Pipeline {
  const { inFlight, timeouts, toSignumError, observe, newRequestId, now } = deps;

  return (rule, message, context) =>
    new Promise((resolve, reject) => {
      const startedAtMs = now();
      let entered = false;
      const call = new RunningCall({
        method: rule.name,
        context,
        startedAtMs,
        deadlineAtMs: deadlineFor(context.timeoutMs, startedAtMs, timeouts),
        newRequestId,
        settled(thrown, answer) {
          if (entered) inFlight.leave();
          const { method, callerKind } = call;
          const ms = now() - startedAtMs;
          if (answer !== undefined) {
            observe({ method, code: 'OK', ms, callerKind });
            resolve(answer);
            return;
          }
          const error = toSignumError(thrown, call);
          const { reason } = error;
          observe({ method, code: codeNameOf(reason), reason, ms, callerKind });
          reject(error);
        },
      });
      try {
        inFlight.enter();
        entered = true;
        call.begin();
        if (!call.isSettled) take(call, rule, message, context, deps);
      } catch (thrown) {
        call.fail(thrown);
      }
    });
}

/** Authenticate → authorise → check → handle. */
function take(
  call: RunningCall,
  rule: MethodRule,
  message: Message,
  context: RpcContext,
  deps: PipelineDeps,
): void {
  const handle = (caller: Caller) => {
    call.known(caller);
    if (rule.check !== undefined) rule.check(message);
    else deps.checkMessage(rule.method.input, message);
    return rule.handle(call, message);
  };
  const caller = admit(rule.demand(message), context, deps.authenticate);
  const answer = caller instanceof Promise ? caller.then(handle) : handle(caller);
  answer.then(
    (output) => call.answer(output),
    (thrown) => call.fail(thrown),
  );
}
