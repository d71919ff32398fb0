import type { Message } from '@bufbuild/protobuf';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { SignumError } from '../../domain/errors.ts';
import { messageTooLarge } from '../../rpc/codec/read-message.ts';
import { type MessageCodec, messageCodecOf } from '../../rpc/message-codec.ts';
import type { RpcStream, StreamingMethod } from '../../rpc/rpc.ts';
import { GrpcHead, type GrpcServiceDeps, type GrpcStream, toServiceError } from './call.ts';

/** A client that leaves an answer for this long, in milliseconds, has its stream ended. */
const STALL_MS = 120_000;

/** Serves a method that streams. */
export function streamHandlerOf(method: StreamingMethod, deps: GrpcServiceDeps) {
  const codec = messageCodecOf(method);
  return (call: GrpcStream) => {
    const opened = deps.rpc.openStream(method, new GrpcHead(call, deps));
    carryOn(opened, codec, call, deps.draining).then(
      () => call.end(),
      // grpc-js makes it the status of the call, behind the answers that are on their way.
      (thrown) => call.emit('error', toServiceError(opened.fail(thrown))),
    );
  };
}

async function carryOn(
  opened: RpcStream,
  codec: MessageCodec,
  call: GrpcStream,
  draining: AbortSignal,
): Promise<void> {
  await opened.admit();
  for await (const answer of opened.run(decoded(opened, codec, call), draining)) {
    await send(call, answer);
  }
}

async function* decoded(
  { maxBytes }: RpcStream,
  codec: MessageCodec,
  call: GrpcStream,
): AsyncGenerator<Message> {
  for await (const bytes of requestsOf(call)) {
    if (bytes.byteLength > maxBytes) throw messageTooLarge(maxBytes);
    yield codec.read(bytes, 'binary');
  }
}

/** Ending the reading must not end the call, which still has its answers to write. */
function requestsOf(call: GrpcStream): AsyncIterable<Buffer> | readonly Buffer[] {
  if ('request' in call) return [call.request];
  return (call as ServerDuplexStream<Buffer, Message>).iterator({ destroyOnReturn: false });
}

/**
 * Resolves when HTTP/2 has taken the message, which is when the client has room for it: one answer
 * at a time is all that waits here for a client that does not read. Of a client that is gone grpc-js
 * tells by closing the stream only.
 */
function send(call: GrpcStream, message: Message): Promise<void> {
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
