import type { Message } from '@bufbuild/protobuf';
import type { Authenticate } from '../callers/authenticate.ts';
import type { Caller } from '../domain/caller.ts';
import type { CheckMessage } from '../rpc/check-message.ts';
import type { MethodRule } from '../rpc/method-rule.ts';
import type { RpcContext } from '../rpc/rpc.ts';
import { admit } from './admit.ts';
import { RunningCall, type RunningCallDeps } from './running-call.ts';

export interface PipelineDeps extends RunningCallDeps {
  readonly authenticate: Authenticate;
  readonly checkMessage: CheckMessage;
}

/** Takes one message through all steps. Rejects with SignumError only. */
export type Pipeline = (
  rule: MethodRule,
  message: Message,
  context: RpcContext,
) => Promise<Message>;

export function createPipeline(deps: PipelineDeps): Pipeline {
  return (rule, message, context) =>
    new Promise((resolve, reject) => {
      const call = new RunningCall(deps, rule.name, context, resolve, reject);
      try {
        call.begin();
        if (!call.isSettled) take(deps, call, rule, message, context);
      } catch (thrown) {
        call.fail(thrown);
      }
    });
}

/** Authenticate → authorise → check → handle. */
function take(
  deps: PipelineDeps,
  call: RunningCall,
  rule: MethodRule,
  message: Message,
  context: RpcContext,
): void {
  const caller = admit(rule.demand(message), context, deps.authenticate);
  const answer =
    caller instanceof Promise
      ? caller.then((known) => handle(deps, call, rule, message, known))
      : handle(deps, call, rule, message, caller);
  answer.then(
    (output) => call.answer(output),
    (thrown) => call.fail(thrown),
  );
}

function handle(
  { checkMessage }: PipelineDeps,
  call: RunningCall,
  rule: MethodRule,
  message: Message,
  caller: Caller,
): Promise<Message> {
  call.known(caller);
  if (rule.check !== undefined) rule.check(message);
  else checkMessage(rule.method.input, message);
  return rule.handle(call, message);
}
