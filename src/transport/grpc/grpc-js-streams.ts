import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server } from '@grpc/grpc-js';
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
