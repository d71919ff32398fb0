import type { DescMethodBiDiStreaming, Message } from '@bufbuild/protobuf';
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import type { Rpc } from '../../rpc/rpc.ts';
import { rpcContextOf } from './context.ts';
import { toConnectError } from './error.ts';
import { takeMessage } from './received.ts';

export interface StreamOptions {
  readonly rpc: Rpc;
  /** Aborted when the stream is to end. */
  readonly draining: AbortSignal;
}

/**
 * Serves a method that streams both ways, over HTTP/2. connect-node asks for an answer when the one
 * before has been taken, and reads when it is asked to, so that there is nothing to bound here.
 */
export function registerStream(
  router: ConnectRouter,
  method: DescMethodBiDiStreaming,
  { rpc, draining }: StreamOptions,
): void {
  async function* converse(empty: AsyncIterable<Message>, context: HandlerContext) {
    async function* taken(): AsyncGenerator<Message> {
      for await (const _ of empty) yield takeMessage(context);
    }
    try {
      const messages = taken();
      yield* rpc.converse({ method, messages, ...rpcContextOf(context), draining });
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  }
  router.rpc(method, converse);
}
