import type { Credentials } from '../callers/authenticate.ts';
import type { SignumError } from '../domain/errors.ts';
import type { Access, AdmittedCall } from '../policy/access.ts';
import type { ClientSignal, Head } from './head.ts';

/**
 * What can be called, as data. The pipeline does the rest for all of them alike: who calls, whether
 * they may, how long, how many at once, what is measured, audited and answered when it fails. The
 * handler of an endpoint is called by the pipeline alone, with a call that has been let in.
 */
export interface AnyEndpoint<I> {
  /** Such as `signum.v1.TokenService/Issue`; its lines in the access table, and a metric label. */
  readonly name: string;
  readonly access: Access;
  /** The longest message, in bytes, of a caller who is known; of others, see STRANGER_MAX_BYTES. */
  readonly maxBytes: number;
  /**
   * Whether it may wait for replicas, a disk or edges with this message, which is unchecked; default no. With
   * the time that a call has by default, a flush that comes once a second would rarely be lived to see: it has
   * the longest time then.
   */
  mayWait?(input: I): boolean;
  /** What the head presents, unless it is a bearer token, a key or a certificate as usual. */
  credentials?(head: Head): Credentials;
  /** What the message presents, a form field for instance, if the head has presented nothing. */
  inputCredentials?(input: I): Omit<Credentials, 'certificateNames'> | undefined;
  /** Throws INVALID_FIELD for a message that breaks a rule. The caller has been let in by then. */
  check?(input: I): void;
}

/** One message, one answer. */
export interface UnaryEndpoint<I = unknown, O = unknown> extends AnyEndpoint<I> {
  readonly kind: 'unary';
  handle(call: AdmittedCall, input: I): Promise<O>;
}

/** One message, many answers. */
export interface ServerStreamEndpoint<I = unknown, O = unknown> extends AnyEndpoint<I> {
  readonly kind: 'server_stream';
  handle(call: StreamCall, input: I): AsyncIterable<O>;
}

/** Many messages, many answers, in no fixed relation; each message is authorised and checked. */
export interface BidiEndpoint<I = unknown, O = unknown> extends AnyEndpoint<I> {
  readonly kind: 'bidi';
  handle(call: StreamCall, inputs: AsyncIterable<I>): AsyncIterable<O>;
}

/** Many messages, each a call of its own with one answer, in their order. */
export interface CallStreamEndpoint<I = unknown, O = unknown> extends AnyEndpoint<I> {
  readonly kind: 'call_stream';
  handle(call: AdmittedCall, input: I): Promise<O>;
  /** The answer to a message that came to nothing; without one the error ends the stream. */
  failed(error: SignumError, input: I): O | undefined;
}

export type StreamEndpoint<I = unknown, O = unknown> =
  | ServerStreamEndpoint<I, O>
  | BidiEndpoint<I, O>
  | CallStreamEndpoint<I, O>;

export type Endpoint<I = unknown, O = unknown> = UnaryEndpoint<I, O> | StreamEndpoint<I, O>;

/** A call that streams. Its deadline is that of the whole stream, infinite by default. */
export interface StreamCall extends AdmittedCall {
  /** Aborted when the stream ends, whatever ended it: the handler lets go of what it holds. */
  readonly ended: ClientSignal;
}

/** An HTTP endpoint that is no RPC: its paths and its wire format. */
export interface HttpEndpoint<I = unknown, O = unknown> {
  readonly endpoint: UnaryEndpoint<I, O>;
  /** One path, or a prefix that ends with `/*`. */
  readonly path: string;
  /** Other methods are answered 405 with Allow. */
  readonly verbs: readonly string[] | 'any';
  /** Whether a body is read. One that is not read is thrown away. */
  readonly hasBody: boolean;
  /** Whether `decode` looks at the query. One that is not looked at is refused. */
  readonly readsQuery?: boolean;
  /**
   * Whether its headers are those of somebody else's request, as gateways pass them on: a time-out among
   * them is not the caller's. Others take `connect-timeout-ms`.
   */
  readonly isPassedOn?: boolean;
  /** Throws INVALID_FIELD for what cannot be read. */
  decode(head: Head, body: Uint8Array): I;
  encode(output: O, head: Head): HttpAnswer;
  /** By default the error as JSON, as the Connect protocol has it. */
  encodeError?(error: SignumError, head: Head): HttpAnswer;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case names. They take precedence over what the listener puts on every answer. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}
