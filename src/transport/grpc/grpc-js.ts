import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_google_rpc_error_details } from '@signum/contract/google/rpc/error_details_pb.js';
import { Health } from '@signum/contract/grpc/health/v1/health_pb.js';
import type { Rpc } from '../../rpc/rpc.ts';
import { MESSAGE_TIMEOUT_MS } from '../body/budget.ts';
import type { RawHeaders } from '../http/raw-headers.ts';

type OnStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: RawHeaders,
) => void;

/** Whether the stream has been taken. */
export type TakeStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: RawHeaders,
) => boolean;

/** How long a client of reflection may keep its stream open, in milliseconds: it asks and goes. */
const REFLECTION_MS = 60_000;

/**
 * Goes between the HTTP/2 of grpc-js and its calls: what `take` does not take goes on to grpc-js.
 * The only place that knows what is private there: the map `http2Servers`, whose keys are the HTTP/2
 * servers, and that each has one listener for streams. A test holds it against the library.
 */
export function takeStreams(grpc: Server, take: TakeStream): void {
  const { http2Servers } = grpc as unknown as { http2Servers: ReadonlyMap<Http2Server, unknown> };
  const [http2] = [...http2Servers.keys()];
  const listeners = http2?.listeners('stream') as OnStream[] | undefined;
  const [theirs] = listeners ?? [];
  if (http2 === undefined || theirs === undefined || listeners?.length !== 1) {
    throw new Error('grpc-js does not take its streams where it used to');
  }
  http2.off('stream', theirs);
  const ours: OnStream = (stream, headers, flags, rawHeaders) => {
    if (take(stream, headers, rawHeaders)) return;
    const isReflection = headers[':path']?.includes('ServerReflection') ?? false;
    boundRequest(stream, isReflection ? REFLECTION_MS : MESSAGE_TIMEOUT_MS);
    theirs.call(http2, stream, headers, flags, rawHeaders);
  };
  http2.on('stream', ours as Parameters<typeof http2.on>[1]);
}

/** Health checks and reflection have no time-out of their own for a message that does not come. */
function boundRequest(stream: ServerHttp2Stream, timeoutMs: number): void {
  const cancel = () => stream.close(constants.NGHTTP2_CANCEL);
  const timer = setTimeout(cancel, timeoutMs);
  stream.once('end', () => clearTimeout(timer));
  stream.once('close', () => clearTimeout(timer));
}

/**
 * Server reflection (grpc.reflection.v1 and v1alpha), so that stock clients can list and call the
 * services without proto files, and read the details of errors. The library is fed with the
 * descriptors of the generated code; of the package definition that it asks for it reads nothing else.
 */
export function addReflection(server: Server, { services }: Pick<Rpc, 'services'>): void {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile) => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    file.dependencies.forEach(add);
  };
  const all = [...services, Health];
  for (const service of all) add(service.file);
  add(file_google_rpc_error_details);
  const fileDescriptorProtos = [...files.values()].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  const definition = { signum: { format: '', type: {}, fileDescriptorProtos } };
  new ReflectionService(definition as ConstructorParameters<typeof ReflectionService>[0], {
    services: all.map((service) => service.typeName),
  }).addToServer(server);
}
