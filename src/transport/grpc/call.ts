import type { EventEmitter } from 'node:events';
import type { Message } from '@bufbuild/protobuf';
import { toBinary } from '@bufbuild/protobuf';
import {
  Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { StatusSchema } from '@signum/contract/google/rpc/status_pb.js';
import { CallSignal, type Head, type Peer } from '../../call/head.ts';
import { SignumError } from '../../domain/errors.ts';
import { asBuffer } from '../../rpc/message-codec.ts';
import type { Rpc } from '../../rpc/rpc.ts';
import { toStatusMessage } from '../../rpc/status.ts';

export interface GrpcServiceDeps {
  readonly rpc: Rpc;
  /** Who is at the other end of the connection with this `address:port`. */
  peerAt(addressAndPort: string): Peer;
  /** Aborted when streams are to end. */
  readonly draining: AbortSignal;
}

export type GrpcStream =
  | ServerDuplexStream<Buffer, Message>
  | ServerWritableStream<Buffer, Message>;
type GrpcCall = ServerUnaryCall<Buffer, Message> | GrpcStream;

/** What a grpc-js call tells beside its messages. */
export class GrpcHead implements Head {
  readonly verb = 'POST';
  readonly path: string;
  readonly query = '';
  readonly timeoutHeader = 'grpc-timeout';
  readonly peer: Peer;
  readonly signal = new CallSignal();
  readonly #metadata: Metadata;
  readonly #timeout: string | undefined;

  constructor(call: GrpcCall, { peerAt }: Pick<GrpcServiceDeps, 'peerAt'>) {
    this.path = call.getPath();
    this.peer = peerAt(call.getPeer());
    this.#metadata = call.metadata;
    const leftMs = Number(call.getDeadline()) - Date.now();
    this.#timeout = Number.isFinite(leftMs) ? `${Math.max(0, Math.floor(leftMs))}m` : undefined;
    const deadlineAtMs = performance.now() + leftMs;
    // grpc-js cancels at the deadline too; what the client sees then is the deadline.
    (call as EventEmitter).on('cancelled', () => {
      if (performance.now() < deadlineAtMs) this.signal.abort();
    });
  }

  header(name: string): string | undefined {
    if (name === 'grpc-timeout') return this.#timeout;
    return this.#metadata.get(name)[0]?.toString();
  }

  headerValues(name: string): readonly string[] {
    return this.#metadata.get(name).map(String);
  }
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
