import type {
  DescMethodBiDiStreaming,
  DescMethodUnary,
  DescService,
  Message,
} from '@bufbuild/protobuf';

/** What a transport knows of a call beside its messages. */
export interface RpcContext {
  /** A request header by its lower-case name; the first value if there are several. */
  header(name: string): string | undefined;
  readonly peer: Peer;
  /** What the client allows, in milliseconds; the deployment's default when absent. */
  readonly timeoutMs?: number | undefined;
  /** Aborted when the client goes away. */
  readonly signal?: Departure | undefined;
}

/** A unary call as a transport hands it over: decoded, but not yet trusted in any way. */
export interface RpcRequest extends RpcContext {
  readonly method: DescMethodUnary;
  readonly message: Message;
}

/** A call that streams both ways. Its time-out is that of the whole stream, without one by default. */
export interface RpcStreamRequest extends RpcContext {
  readonly method: DescMethodBiDiStreaming;
  /**
   * What the client sends. Read one by one, and only as fast as answers are taken; not told when
   * the stream ends before it does. An error of it ends the stream as it is.
   */
  readonly messages: AsyncIterable<Message>;
  /** Aborted when the server is to take no more of the stream. */
  readonly draining: AbortSignal;
}

/** Tells that a client has gone away: an AbortSignal, or something lighter that is used like one. */
export interface Departure {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: { handleEvent(): void }): void;
  removeEventListener(type: 'abort', listener: { handleEvent(): void }): void;
}

/** Who is at the other end of the connection, as TLS and TCP tell. */
export interface Peer {
  readonly ip: string;
  /**
   * Subject alternative names (`URI:…`, `DNS:…`) of a client certificate that the TLS layer has
   * verified against the configured CA; empty without one.
   */
  readonly certificateNames: readonly string[];
}

/**
 * The pipeline: authenticate, authorise, check, deadline, handle, map. The same for every transport.
 * Rejects with SignumError only.
 */
export interface Rpc {
  readonly services: readonly DescService[];
  invoke(request: RpcRequest): Promise<Message>;
  /** Answers each message of a stream, in order, as the answers are taken. */
  converse(request: RpcStreamRequest): AsyncIterable<Message>;
}
