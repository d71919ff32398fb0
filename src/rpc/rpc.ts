import type {
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  Message,
} from '@bufbuild/protobuf';
import type { Head } from '../call/head.ts';
import type { StreamCall } from '../call/stream-call.ts';
import type { UnaryCall } from '../call/unary-call.ts';

export type StreamingMethod = DescMethodBiDiStreaming | DescMethodServerStreaming;

type Verbs = 'admit' | 'maxBytes' | 'run' | 'fail';

/** A call of a method, of which the head has come. */
export type RpcCall = Pick<UnaryCall<Message, Message>, Verbs>;
export type RpcStream = Pick<StreamCall<Message, Message>, Verbs>;

/** The methods of the contract, as every transport calls them. */
export interface Rpc {
  readonly services: readonly DescService[];
  open(method: DescMethodUnary, head: Head): RpcCall;
  openStream(method: StreamingMethod, head: Head): RpcStream;
}
