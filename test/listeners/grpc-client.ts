import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import {
  type CallOptions,
  Client,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { type Status, StatusSchema } from '@signum/contract/google/rpc/status_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { ClientIdentity } from './certificates.ts';

export interface GrpcTarget {
  readonly port: number;
  readonly ca: Buffer;
  readonly identity?: ClientIdentity | undefined;
}

export function grpcClient({ port, ca, identity }: GrpcTarget): Client {
  const secure = credentials.createSsl(ca, identity?.key, identity?.cert);
  return new Client(`localhost:${port}`, secure);
}

export interface UnaryCall {
  readonly answer: Promise<Buffer>;
  readonly call: ClientUnaryCall;
}

/** A unary call with bytes in and out. */
export function unary(
  client: Client,
  path: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  options: CallOptions = {},
): UnaryCall {
  const { promise: answer, resolve, reject } = Promise.withResolvers<Buffer>();
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const asIs = (bytes: Buffer) => bytes;
  const done = (error: ServiceError | null, bytes?: Buffer) =>
    error === null ? resolve(bytes ?? Buffer.alloc(0)) : reject(error);
  const call = client.makeUnaryRequest(
    path,
    asIs,
    asIs,
    Buffer.from(body),
    metadata,
    options,
    done,
  );
  return { answer, call };
}

/** Calls Refresh once. */
export async function callGrpc(target: GrpcTarget): Promise<void> {
  const client = grpcClient(target);
  const { input } = TokenService.method.refresh;
  const body = toBinary(input, create(input) as Message as never);
  try {
    await unary(client, '/signum.v1.TokenService/Refresh', body).answer;
  } finally {
    client.close();
  }
}

/** The google.rpc.Status of a failed call. */
export function statusOf(error: ServiceError): Status {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  return fromBinary(StatusSchema, bytes as Buffer);
}
