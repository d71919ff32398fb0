import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { toBinary } from '@bufbuild/protobuf';
import { StatusSchema } from '@signum/contract/google/rpc/status_pb.js';
import { CallSignal, type Head, type Peer } from '../../call/head.ts';
import { STRANGER_MAX_BYTES } from '../../call/open-call.ts';
import { clientGone, invalidField, SignumError } from '../../domain/errors.ts';
import { asBuffer } from '../../rpc/codec/binary-cursor.ts';
import { toStatusMessage } from '../../rpc/status.ts';
import { type BodyBudget, MESSAGE_TIMEOUT_MS, messageTooSlow } from '../body/budget.ts';
import { FrameReader, frameOf } from '../body/frames.ts';
import { receiveFrames } from '../body/receive.ts';
import type { Owed, Underway } from '../drain/underway.ts';
import type { HeaderRecord } from '../http/cors.ts';
import { joined, ONCE, type RawHeaders, valuesIn } from '../http/raw-headers.ts';
import { splitTarget } from '../http/request-target.ts';
import { stopSending } from '../http/stop-sending.ts';

/** A client that leaves an answer for this long, in milliseconds, has its stream ended. */
const STALL_MS = 120_000;

const RESPOND = { waitForTrailers: true };

export interface GrpcExchangeOptions {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: RawHeaders;
  readonly peer: Peer;
  readonly budget: BodyBudget;
  readonly underway: Underway;
  /** On the answer. */
  readonly answerHeaders: HeaderRecord;
}

/**
 * One gRPC call over HTTP/2, on the bare stream
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */
export class GrpcExchange implements Head, Owed {
  readonly verb = 'POST';
  readonly timeoutHeader = 'grpc-timeout';
  readonly path: string;
  readonly query: string;
  readonly peer: Peer;
  readonly signal = new CallSignal();
  readonly contentType: string;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #options: GrpcExchangeOptions;
  #isEnding = false;

  constructor(options: GrpcExchangeOptions) {
    const { stream, headers, peer, underway } = options;
    [this.path, this.query] = splitTarget(headers[':path']);
    this.peer = peer;
    this.contentType = headers['content-type'] ?? '';
    this.#stream = stream;
    this.#headers = headers;
    this.#options = options;
    // Without a listener a stream that breaks would end the process; it is closed next.
    stream.on('error', () => {});
    stream.on('close', () => {
      underway.delete(this);
      if (!this.#isEnding) this.signal.abort();
    });
    underway.add(this);
  }

  get authority(): string {
    return this.#headers[':authority'] ?? this.#headers.host ?? '';
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    // Of a header that may come once Node keeps the first; whether it was the only one matters here.
    if (ONCE.has(name) && value !== undefined) {
      return joined(this.#options.rawHeaders, name);
    }
    return typeof value === 'object' ? value.join(', ') : value;
  }

  headerValues(name: string): readonly string[] {
    return valuesIn(this.#options.rawHeaders, name);
  }

  /** The only message of the call, with its prefix. Without an iterator: nearly all come at once. */
  readOne(maxBytes: number): Promise<Buffer> {
    const stream = this.#stream;
    const { budget } = this.#options;
    // A stream that is reset comes to its end too.
    if (stream.aborted || stream.destroyed) return Promise.reject(clientGone());
    if (stream.readableEnded) return Promise.reject(invalidField('message', 'is required'));
    return new Promise((resolve, reject) => {
      const isStranger = maxBytes <= STRANGER_MAX_BYTES;
      const frames = new FrameReader(maxBytes);
      let only: Buffer | undefined;
      let taken = 0;
      const settle = () => {
        clearTimeout(timer);
        budget.give(taken, isStranger);
        stream.off('data', onData).off('end', onEnd).off('close', onClose);
      };
      const refuse = (thrown: unknown) => {
        settle();
        stream.resume();
        reject(thrown);
      };
      const onData = (piece: Buffer) => {
        try {
          const [first, more] = frames.take(piece);
          if (more !== undefined || (first !== undefined && only !== undefined)) {
            throw invalidField('message', 'must be given once');
          }
          only ??= first;
          budget.give(taken, isStranger);
          taken = 0;
          budget.take(frames.heldBytes, isStranger);
          taken = frames.heldBytes;
        } catch (thrown) {
          refuse(thrown);
        }
      };
      const onEnd = () => {
        settle();
        if (stream.aborted) reject(clientGone());
        else if (frames.heldBytes > 0) reject(invalidField('message', 'must not be cut short'));
        else if (only === undefined) reject(invalidField('message', 'is required'));
        else resolve(only);
      };
      const onClose = () => refuse(clientGone());
      const timer = setTimeout(() => refuse(messageTooSlow()), MESSAGE_TIMEOUT_MS);
      stream.on('data', onData).on('end', onEnd).on('close', onClose);
    });
  }

  /** The messages of a stream, with their prefixes. To stop reading does not end the call. */
  readAll(maxBytes: number): AsyncIterable<Buffer> {
    const body = this.#stream.iterator({ destroyOnReturn: false });
    return receiveFrames(body, { budget: this.#options.budget, maxBytes });
  }

  /** Answers the only message. */
  answer(message: Uint8Array): void {
    if (!this.#respond()) return;
    this.#isEnding = true;
    this.#stream.end(frameOf(message));
  }

  /**
   * Writes one of many answers. Resolves when HTTP/2 has taken it, which is when the client has room
   * for it: one answer at a time is all that waits here for a client that does not read.
   */
  write(message: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#stream;
      if (!stream.headersSent && !this.#respond()) return reject(clientGone());
      const onClose = () => {
        clearTimeout(timer);
        reject(clientGone());
      };
      const timer = setTimeout(() => {
        stream.off('close', onClose);
        reject(new SignumError('DEADLINE_EXCEEDED', 'the client does not take its answers'));
      }, STALL_MS);
      if (stream.destroyed) return onClose();
      stream.once('close', onClose);
      stream.write(frameOf(message), (error?: Error | null) => {
        stream.off('close', onClose);
        clearTimeout(timer);
        if (error) onClose();
        else resolve();
      });
    });
  }

  /** Ends a stream of answers. */
  end(): void {
    if (!this.#stream.headersSent && !this.#respond()) return;
    this.#isEnding = true;
    this.#stream.end();
  }

  /** Ends the call with an error, behind the answers that are on their way. */
  fail(error: SignumError): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    this.#isEnding = true;
    if (stream.headersSent) {
      this.#trailers = trailersOf(error);
      stream.end();
      return;
    }
    stream.respond({ ...this.#answerHeaders(), ...trailersOf(error) }, { endStream: true });
    this.#discardRest();
  }

  #trailers: OutgoingHttpHeaders = { 'grpc-status': '0' };

  #respond(): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return false;
    stream.respond(this.#answerHeaders(), RESPOND);
    stream.once('wantTrailers', () => {
      stream.sendTrailers(this.#trailers);
      this.#discardRest();
    });
    return true;
  }

  #answerHeaders(): OutgoingHttpHeaders {
    return {
      [constants.HTTP2_HEADER_STATUS]: 200,
      ...this.#options.answerHeaders,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: this.contentType,
    };
  }

  /** What a client still sends, once it is answered. */
  #discardRest(): void {
    const stream = this.#stream;
    if (stream.readableEnded) return;
    stream.removeAllListeners('data').resume();
    stopSending(stream);
  }
}

function trailersOf(error: SignumError): OutgoingHttpHeaders {
  const status = toStatusMessage(error);
  const details = asBuffer(toBinary(StatusSchema, status)).toString('base64').replace(/=+$/, '');
  return {
    'grpc-status': String(status.code),
    'grpc-message': encodeURI(status.message.toWellFormed()),
    'grpc-status-details-bin': details,
  };
}
