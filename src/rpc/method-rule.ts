import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  Message,
  MessageShape,
} from '@bufbuild/protobuf';
import type { Endpoint, StreamCall } from '../call/endpoint.ts';
import type { Head } from '../call/head.ts';
import type { Credentials } from '../callers/authenticate.ts';
import type { SignumError } from '../domain/errors.ts';
import { type AdmittedCall, accessOf } from '../policy/access.ts';
import { nameOf } from '../policy/access-table.ts';

interface Rule<I extends DescMessage> {
  /** `batch`: the message holds many items, and may be longer. */
  readonly size?: 'message' | 'batch';
  /** Whether it may wait for replicas, a disk or edges with this message, which is unchecked; default no. */
  mayWait?(input: MessageShape<I>): boolean;
  /** What the head presents, if not as usual. */
  readonly credentials?: ((head: Head) => Credentials) | undefined;
  /** Replaces the check of the whole message against its rules. */
  check?(input: MessageShape<I>): void;
}

/** The use of one method: a call that is authenticated, authorised and checked. */
export type Handle<I extends DescMessage, O extends DescMessage> = (
  call: AdmittedCall,
  input: MessageShape<I>,
) => Promise<MessageShape<O>>;

export interface UnaryRule<I extends DescMessage, O extends DescMessage> extends Rule<I> {
  handle: Handle<I, O>;
}

/** Of a method that streams both ways, and each message is a call of its own. */
export interface CallStreamRule<I extends DescMessage, O extends DescMessage> extends Rule<I> {
  handle: Handle<I, O>;
  /** The answer to a message that came to nothing; without one the error ends the stream. */
  failed(error: SignumError, input: MessageShape<I>): MessageShape<O> | undefined;
}

export interface ServerStreamRule<I extends DescMessage, O extends DescMessage> extends Rule<I> {
  handle(call: StreamCall, input: MessageShape<I>): AsyncIterable<MessageShape<O>>;
}

export interface BidiRule<I extends DescMessage, O extends DescMessage> extends Rule<I> {
  handle(call: StreamCall, inputs: AsyncIterable<MessageShape<I>>): AsyncIterable<MessageShape<O>>;
}

type WithoutBounds<E> = E extends Endpoint<infer _I, infer _O> ? Omit<E, 'maxBytes'> : never;

/** A line of the method table, its message types erased. */
export type MethodRule = WithoutBounds<Endpoint<Message, Message>> & {
  readonly method: DescMethod;
  readonly size: 'message' | 'batch';
};

/** Ties a rule to its method; the types are checked here and erased afterwards. */
export function rule<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  rule: UnaryRule<I, O>,
): MethodRule {
  return erase('unary', method, rule);
}

export function callStreamRule<I extends DescMessage, O extends DescMessage>(
  method: DescMethodBiDiStreaming<I, O>,
  rule: CallStreamRule<I, O>,
): MethodRule {
  return erase('call_stream', method, rule);
}

export function serverStreamRule<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  rule: ServerStreamRule<I, O>,
): MethodRule {
  return erase('server_stream', method, rule);
}

export function bidiRule<I extends DescMessage, O extends DescMessage>(
  method: DescMethodBiDiStreaming<I, O>,
  rule: BidiRule<I, O>,
): MethodRule {
  return erase('bidi', method, rule);
}

/** All rules have the same members in the same order, so that V8 looks them up in the same way. */
function erase<I extends DescMessage>(
  kind: Endpoint['kind'],
  method: DescMethod,
  rule: Rule<I> & { readonly handle: unknown; readonly failed?: unknown },
): MethodRule {
  const name = nameOf(method);
  const { size = 'message', mayWait, credentials, check, handle, failed } = rule;
  const access = accessOf(name);
  const parts = { method, name, kind, size, access, mayWait, credentials, check, handle, failed };
  return parts as MethodRule;
}
