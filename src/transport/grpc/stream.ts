import type { DescMethodBiDiStreaming, Message } from '@bufbuild/protobuf';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { SignumError } from '../../domain/errors.ts';
import { type ReadMessage, readerOf } from '../../rpc/codec/read-message.ts';
import { maxBytesOf } from '../message-limits.ts';
import { contextOf, decode, type GrpcServiceDeps, toServiceError } from './call.ts';

/** A client that leaves an answer for this long, in milliseconds, has its stream ended. */
const STALL_MS = 120_000;

type Call = ServerDuplexStream<Buffer, Message>;

/** Serves a method that streams both ways. */
export function streamHandlerOf(method: DescMethodBiDiStreaming, deps: GrpcServiceDeps) {
  const read = readerOf(method);
  return (call: Call) => {
    carryOn(method, read, deps, call).then(
      () => call.end(),
      // grpc-js makes it the status of the call, behind the answers that are on their way.
      (thrown) => call.emit('error', toServiceError(thrown)),
    );
  };
}

async function carryOn(
  method: DescMethodBiDiStreaming,
  read: ReadMessage,
  { rpc, peerAt, limits, draining }: GrpcServiceDeps,
  call: Call,
): Promise<void> {
  const messages = decoded(read, call, maxBytesOf(method, limits));
  const context = contextOf(call, peerAt);
  for await (const answer of rpc.converse({ method, messages, ...context, draining })) {
    await send(call, answer);
  }
}

/** Ending the reading must not end the call, which still has its answers to write. */
async function* decoded(read: ReadMessage, call: Call, maxBytes: number): AsyncGenerator<Message> {
  for await (const bytes of call.iterator({ destroyOnReturn: false })) {
    yield decode(read, bytes, maxBytes);
  }
}

/**
 * Resolves when HTTP/2 has taken the message, which is when the client has room for it: one answer
 * at a time is all that waits here for a client that does not read. Of a client that is gone grpc-js
 * tells by closing the stream only.
 */
function send(call: Call, message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => {
      clearTimeout(timer);
      reject(new SignumError('CANCELLED', 'the client went away'));
    };
    const timer = setTimeout(() => {
      call.off('close', onClose);
      reject(new SignumError('DEADLINE_EXCEEDED', 'the client does not take its answers'));
    }, STALL_MS);
    if (call.destroyed) {
      onClose();
      return;
    }
    call.once('close', onClose);
    call.write(message, (error?: Error | null) => {
      call.off('close', onClose);
      clearTimeout(timer);
      if (error) onClose();
      else resolve();
    });
  });
}
