import { Readable, type Writable } from 'node:stream';
import { create, type DescMethodUnary, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Code, ConnectError, type Transport } from '@connectrpc/connect';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { StatusSchema } from '@signum/contract/google/rpc/status_pb.js';

export interface GrpcJsTransport extends Transport {
  close(): void;
}

/** grpc-js behind the interface of a Connect transport, so that one table of calls serves for both. */
export function createGrpcJsTransport(
  address: string,
  ca: string,
  credential: string | null,
): GrpcJsTransport {
  const client = new Client(address, credentials.createSsl(Buffer.from(ca)));
  return {
    close: () => client.close(),
    async unary(method, signal, timeoutMs, header, input) {
      const message = await call(client, method, {
        request: Buffer.from(toBinary(method.input, create(method.input, input))),
        metadata: metadataOf(header, credential),
        timeoutMs,
        signal,
      });
      return {
        stream: false,
        service: method.parent,
        method,
        header: new Headers(),
        trailer: new Headers(),
        message: fromBinary(method.output, message),
      };
    },
    async stream(method, signal, timeoutMs, header, input) {
      const metadata = metadataOf(header, credential);
      const asIs = (bytes: Buffer) => bytes;
      const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
      const path = `/${method.parent.typeName}/${method.name}`;
      const call = client.makeBidiStreamRequest(path, asIs, asIs, metadata, options);
      signal?.addEventListener('abort', () => call.cancel(), { once: true });
      async function* requests() {
        for await (const message of input) {
          yield Buffer.from(toBinary(method.input, create(method.input, message)));
        }
      }
      async function* answers() {
        try {
          for await (const answer of call) yield fromBinary(method.output, answer as Buffer);
        } catch (error) {
          throw toConnectError(error as ServiceError);
        }
      }
      // What stops the writing is told by the reading.
      Readable.from(requests())
        .pipe(call as unknown as Writable)
        .on('error', () => {});
      return {
        stream: true,
        service: method.parent,
        method,
        header: new Headers(),
        trailer: new Headers(),
        message: answers(),
      };
    },
  };
}

/** Request headers as a Connect client hands them to its transport. */
type Sent = Parameters<Transport['unary']>[3];

interface GrpcCall {
  readonly request: Buffer;
  readonly metadata: Metadata;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

function call(client: Client, method: DescMethodUnary, options: GrpcCall): Promise<Buffer> {
  const { request, metadata, timeoutMs, signal } = options;
  const path = `/${method.parent.typeName}/${method.name}`;
  const asIs = (bytes: Buffer) => bytes;
  const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
  return new Promise((resolve, reject) => {
    const sent = client.makeUnaryRequest(
      path,
      asIs,
      asIs,
      request,
      metadata,
      deadline,
      (error, answer) => {
        if (error) reject(toConnectError(error));
        else resolve(answer ?? Buffer.alloc(0));
      },
    );
    if (signal?.aborted) sent.cancel();
    signal?.addEventListener('abort', () => sent.cancel(), { once: true });
  });
}

function metadataOf(header: Sent, credential: string | null): Metadata {
  const metadata = new Metadata();
  new Headers(header).forEach((value, name) => {
    metadata.set(name, value);
  });
  if (credential !== null) metadata.set('authorization', `Bearer ${credential}`);
  return metadata;
}

function toConnectError(error: ServiceError): ConnectError {
  const converted = new ConnectError(error.details, error.code as number as Code);
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (bytes === undefined) return converted;
  const { details } = fromBinary(StatusSchema, Buffer.from(bytes));
  converted.details = details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1),
    value,
  }));
  return converted;
}
