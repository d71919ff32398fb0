import type { EventEmitter } from 'node:events';
import { type Message, toBinary } from '@bufbuild/protobuf';
import {
  Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { StatusSchema } from '@signum/contract/google/rpc/status_pb.js';
import { SignumError } from '../../domain/errors.ts';
import { messageTooLarge, type ReadMessage } from '../../rpc/codec/read-message.ts';
import type { Peer, Rpc, RpcContext } from '../../rpc/rpc.ts';
import { toStatusMessage } from '../../rpc/status.ts';
import { ClientDeparture } from '../drain/departure.ts';
import type { MessageLimits } from '../message-limits.ts';

export interface GrpcServiceDeps {
  readonly rpc: Rpc;
  readonly limits: MessageLimits;
  /** Who is at the other end of the connection with this `address:port`. */
  peerAt(addressAndPort: string): Peer;
  /** Aborted when streams are to end. */
  readonly draining: AbortSignal;
}

type GrpcCall = ServerUnaryCall<Buffer, Message> | ServerDuplexStream<Buffer, Message>;

/** What a grpc-js call tells beside its messages. */
export function contextOf(call: GrpcCall, peerAt: (addressAndPort: string) => Peer): RpcContext {
  const signal = new ClientDeparture();
  const timeoutMs = millisecondsUntil(call.getDeadline());
  const deadlineAtMs = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  // grpc-js cancels at the deadline too; what the client sees then is the deadline.
  (call as EventEmitter).on('cancelled', () => {
    if (performance.now() < deadlineAtMs) signal.abort();
  });
  return {
    header: (name) => call.metadata.get(name)[0]?.toString(),
    peer: peerAt(call.getPeer()),
    timeoutMs,
    signal,
  };
}

/** Throws MESSAGE_TOO_LARGE for too many bytes, INVALID_FIELD for what is not understood. */
export function decode(read: ReadMessage, bytes: Uint8Array, maxBytes: number): Message {
  if (bytes.byteLength > maxBytes) throw messageTooLarge(maxBytes);
  return read(bytes, 'binary');
}

export function toServiceError(thrown: unknown): ServiceError {
  const error =
    thrown instanceof SignumError ? thrown : new SignumError('INTERNAL', 'internal error');
  const status = toStatusMessage(error);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', asBuffer(toBinary(StatusSchema, status)));
  const { code, message } = status;
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** The same bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Undefined when the client sets no deadline. */
function millisecondsUntil(deadline: Date | number): number | undefined {
  const ms = Number(deadline) - Date.now();
  return Number.isFinite(ms) ? ms : undefined;
}
