import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodUnary,
  Message,
  MessageShape,
} from '@bufbuild/protobuf';
import type { Call } from '../domain/call.ts';
import type { SignumError } from '../domain/errors.ts';
import { nameOf } from '../policy/access.ts';
import { type Demand, demandsOf } from '../policy/required-access.ts';

/** The use of one method: a call that is authenticated, authorised and checked. */
export type Handle<I extends DescMessage, O extends DescMessage> = (
  call: Call,
  input: MessageShape<I>,
) => Promise<MessageShape<O>>;

export interface Rule<I extends DescMessage, O extends DescMessage> {
  handle: Handle<I, O>;
  /** Replaces the check of the whole message against its rules. */
  check?(input: MessageShape<I>): void;
}

/** Of a method that streams both ways: each message is a call of its own. */
export interface StreamRule<I extends DescMessage, O extends DescMessage> extends Rule<I, O> {
  /** The answer to a message that came to nothing; without one the error ends the stream. */
  failed(error: SignumError, input: MessageShape<I>): MessageShape<O> | undefined;
}

/** A line of the method table, its message types erased. */
export interface MethodRule {
  readonly method: DescMethod;
  /** Full name, such as `signum.v1.TokenService/Issue`. */
  readonly name: string;
  /** What the caller must show, by the access table. Sees the message unchecked. */
  demand(input: Message): Demand;
  handle(call: Call, input: Message): Promise<Message>;
  check?: ((input: Message) => void) | undefined;
  /** Only of methods that stream. */
  readonly stream?: StreamSide;
}

export interface StreamSide {
  failed(error: SignumError, input: Message): Message | undefined;
}

/** Ties a rule to its method; the types are checked here and erased afterwards. */
export function rule<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  rule: Rule<I, O>,
): MethodRule {
  return erase(method, rule);
}

/** The same for a method that streams. */
export function streamRule<I extends DescMessage, O extends DescMessage>(
  method: DescMethodBiDiStreaming<I, O>,
  { failed, ...each }: StreamRule<I, O>,
): MethodRule {
  return { ...erase(method, each), stream: { failed } as StreamSide };
}

function erase<I extends DescMessage, O extends DescMessage>(
  method: DescMethod,
  { handle, check }: Rule<I, O>,
): MethodRule {
  const erased = { handle, check } as Pick<MethodRule, 'handle' | 'check'>;
  return { method, name: nameOf(method), demand: demandsOf(method), ...erased };
}
