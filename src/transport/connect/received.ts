import type { Message } from '@bufbuild/protobuf';
import { createContextKey, type HandlerContext } from '@connectrpc/connect';
import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import { refuseQuery } from '../../call/parameters.ts';
import { invalidField, messageTooLarge, SignumError } from '../../domain/errors.ts';
import type { Encoding, ReadMessage } from '../../rpc/codec/message-codec.ts';
import { RULE } from '../../rpc/codec/rules.ts';
import type { BodyBudget } from '../body/budget.ts';
import { frameOf, hasFlags, PREFIX_BYTES } from '../body/frames.ts';
import { receiveFrames, receiveWhole } from '../body/receive.ts';
import { readGetQuery } from './get-query.ts';
import { SETTLED } from './protocol-fault.ts';

/** A message, or why there is none. */
type Received = { readonly message: Message } | { readonly thrown: unknown };

/** What has been received and not been taken yet. */
const receivedKey = createContextKey<Received[]>([]);

/** Takes the next message of a call. Throws SignumError if it is not understood. */
export function takeMessage({ values }: Pick<HandlerContext, 'values'>): Message {
  const next = values.get(receivedKey).shift();
  if (next === undefined) throw new Error('there is no message to take');
  if ('thrown' in next) throw next.thrown;
  return next.message;
}

export interface Reading {
  readonly read: ReadMessage;
  /** Says how long a message may be, once it has been let in. */
  readonly call: { readonly maxBytes: number };
  readonly budget: BodyBudget;
  /** Whether there is exactly one message. */
  readonly isOne: boolean;
}

/** No field at all. */
const NOTHING: { readonly [E in Encoding]: Uint8Array } = {
  binary: new Uint8Array(),
  json: Buffer.from('{}'),
};

/**
 * Has messages read as on every other way in. connect-node cannot be told to do so: it gets an
 * empty message in place of each, and the handler takes the real one with `takeMessage`.
 */
export function received(
  request: UniversalServerRequest,
  reading: Reading,
): UniversalServerRequest {
  const list: Received[] = [];
  request.contextValues?.set(receivedKey, list);
  // The length is that of the real one, and of the time the pipeline takes care.
  const header = new Headers(request.header);
  const settled = ['content-length', 'connect-timeout-ms', 'grpc-timeout', ...SETTLED];
  for (const name of settled) header.delete(name);
  if (request.method === 'GET') {
    return { ...request, header, url: withoutMessage(request, reading, list) };
  }
  const type = request.header.get('content-type') ?? '';
  const encoding = /json/i.test(type) ? 'json' : 'binary';
  const hasEnvelopes = !/^application\/(json|proto)\b/i.test(type);
  const nothing = hasEnvelopes ? frameOf(NOTHING[encoding]) : NOTHING[encoding];
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for await (const bytes of hasEnvelopes
        ? enveloped(request, reading)
        : whole(request, reading)) {
        list.push({ message: reading.read(bytes, encoding) });
        yield nothing;
      }
    } catch (thrown) {
      if (!(thrown instanceof SignumError)) throw thrown;
      list.push({ thrown });
      yield nothing;
    }
  }
  return { ...request, header, body: body() };
}

/** The same URL with an empty message, once the real one has been read. */
function withoutMessage(
  request: UniversalServerRequest,
  { read }: Reading,
  list: Received[],
): string {
  const url = new URL(request.url);
  const query = new URLSearchParams({ encoding: 'json', message: '{}' });
  try {
    const { bytes, encoding } = readGetQuery(url.search);
    query.set('encoding', encoding);
    query.set('message', encoding === 'json' ? '{}' : '');
    list.push({ message: read(bytes, encoding === 'json' ? 'json' : 'binary') });
  } catch (thrown) {
    list.push({ thrown });
  }
  url.search = `?${query}`;
  return url.toString();
}

async function* enveloped(
  { url, body }: UniversalServerRequest,
  { call, budget, isOne }: Reading,
): AsyncGenerator<Uint8Array> {
  refuseQuery(new URL(url).search.slice(1));
  const { maxBytes } = call;
  let only: Uint8Array | undefined;
  for await (const frame of receiveFrames(body as AsyncIterable<Uint8Array>, {
    budget,
    maxBytes,
  })) {
    if (frame[0] !== 0) throw hasFlags();
    const payload = frame.subarray(PREFIX_BYTES);
    if (!isOne) yield payload;
    else if (only !== undefined) throw invalidField('message', RULE.once);
    else only = payload;
  }
  if (only !== undefined) yield only;
  else if (isOne) throw invalidField('message', 'is required');
}

/** A body that is a message. */
async function* whole(
  { url, header, body }: UniversalServerRequest,
  { call, budget }: Reading,
): AsyncGenerator<Uint8Array> {
  refuseQuery(new URL(url).search.slice(1));
  const { maxBytes } = call;
  if (Number(header.get('content-length') ?? 0) > maxBytes) throw messageTooLarge(maxBytes);
  yield await receiveWhole(body as AsyncIterable<Uint8Array>, { budget, maxBytes });
}
