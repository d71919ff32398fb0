import type { Endpoints } from '../../http/endpoints.ts';
import type { DirectUnary } from '../direct-unary.ts';
import type { FastPathExchange } from './exchange.ts';
import type { RequestHead } from './read-head.ts';

/** Answers one request that it has accepted. */
export type Serve = (exchange: FastPathExchange) => void;

/** What serves a request; undefined for one that goes the long way. */
export type Accept = (head: RequestHead) => Serve | undefined;

/**
 * The same methods and endpoints as the long way has, for what they are asked as a rule: other verbs,
 * preflights and bodies that nobody reads are none of that.
 */
export function createAccept(direct: DirectUnary, endpoints: Endpoints): Accept {
  return ({ verb, path, query, headers, bodyLength }) => {
    const answer =
      query === '' ? direct.accept(verb, path, (name) => headers.get(name)) : undefined;
    if (answer !== undefined) {
      return (exchange) => {
        exchange.timeoutHeader = 'connect-timeout-ms';
        void answer(exchange);
      };
    }
    const endpoint = endpoints.find(path);
    if (endpoint === undefined || (bodyLength > 0 && !endpoint.hasBody)) return undefined;
    const { verbs } = endpoint;
    if (verbs !== 'any' && (verb === 'OPTIONS' || !verbs.includes(verb))) return undefined;
    return (exchange) => void endpoints.serve(endpoint, exchange);
  };
}
