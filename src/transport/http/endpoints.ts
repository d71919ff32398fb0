import { codeToHttpStatus, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import type { HttpAnswer, HttpEndpoint } from '../../call/endpoint.ts';
import { refuseQuery } from '../../call/parameters.ts';
import type { Pipeline } from '../../call/pipeline.ts';
import { invalidField, SignumError } from '../../domain/errors.ts';
import { toConnectError } from '../connect/error.ts';
import type { Exchange } from './exchange.ts';

/** The HTTP endpoints that are no RPCs. */
export interface Endpoints {
  find(path: string): HttpEndpoint | undefined;
  /** Never rejects. */
  serve(endpoint: HttpEndpoint, exchange: Exchange): Promise<void>;
}

export const NO_ENDPOINTS: Endpoints = { find: () => undefined, serve: async () => {} };

const NOTHING = new Uint8Array();

export function createEndpoints(pipeline: Pipeline, all: readonly HttpEndpoint[]): Endpoints {
  const byPath = new Map(all.map((each) => [each.path, each]));
  const prefixes = all.filter(({ path }) => path.endsWith('/*'));
  return {
    find: (path) =>
      byPath.get(path) ?? prefixes.find((each) => path.startsWith(each.path.slice(0, -1))),
    serve: (endpoint, exchange) => serve(pipeline, endpoint, exchange),
  };
}

async function serve(pipeline: Pipeline, http: HttpEndpoint, exchange: Exchange): Promise<void> {
  if (http.verbs !== 'any' && !http.verbs.includes(exchange.verb)) {
    exchange.send(methodNotAllowed(http.verbs));
    return;
  }
  if (!http.isPassedOn) exchange.timeoutHeader = 'connect-timeout-ms';
  const call = pipeline.open(http.endpoint, exchange);
  let answer: HttpAnswer;
  try {
    const admission = call.admit();
    if (admission !== undefined) await admission;
    if (!http.readsQuery) refuseQuery(exchange.query);
    const body = http.hasBody ? await exchange.readBody(call.maxBytes) : NOTHING;
    answer = http.encode(await call.run(http.decode(exchange, body)), exchange);
  } catch (thrown) {
    const error = call.fail(thrown);
    if (exchange.signal?.aborted) return;
    answer = http.encodeError?.(error, exchange) ?? errorAnswer(error);
  }
  exchange.send(answer);
}

/** RFC 9110 section 15.5.6: it says which methods there are. */
export function methodNotAllowed(verbs: readonly string[]): HttpAnswer {
  return { status: 405, headers: { allow: verbs.join(', ') }, body: '' };
}

/** RFC 9110 section 15.5.16: it says what there may be. */
export function unsupportedMediaType(types: readonly string[]): HttpAnswer {
  const error = invalidField('content-type', `must come once, and be one of ${types.join(', ')}`);
  const { headers, body } = errorAnswer(error);
  return { status: 415, headers: { ...headers, 'accept-post': types.join(', ') }, body };
}

export function notFound(): HttpAnswer {
  return { ...errorAnswer(new SignumError('UNIMPLEMENTED', 'not found')), status: 404 };
}

/** An error as the Connect protocol writes it. */
function errorAnswer(error: SignumError): HttpAnswer {
  const connect = toConnectError(error);
  return {
    status: codeToHttpStatus(connect.code),
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(errorToJsonBytes(connect, undefined)).toString(),
  };
}
