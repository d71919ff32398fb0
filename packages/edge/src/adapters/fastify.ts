import type { Edge } from '../edge.ts';
import type { VerifiedToken } from '../verdict.ts';
import { type MiddlewareOptions, withThumbprints } from './client-certificate.ts';
import { createGuard } from './headers.ts';

export type { MiddlewareOptions } from './client-certificate.ts';

/** What is used of Fastify's request; `signum` is set when the request is let through. */
export interface FastifyRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  /** The path as it was sent. */
  readonly originalUrl: string;
  readonly raw?: { readonly socket?: object };
  signum?: VerifiedToken;
}

/** What is used of Fastify's reply. */
export interface FastifyReply {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(): unknown;
}

/**
 * An `onRequest` hook for Fastify: lets requests with a good token through, answers the others.
 *
 * @throws RangeError if an option is not known, or is not what it must be
 */
export function signum<Request extends FastifyRequest>(
  edge: Pick<Edge, 'verify'>,
  middlewareOptions: MiddlewareOptions<Request> = {},
) {
  const { options, thumbprintOf } = withThumbprints(middlewareOptions, ({ raw }) => raw?.socket);
  const guard = createGuard(edge, options);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { method, originalUrl: url } = request;
    const certificateThumbprint = thumbprintOf(request as Request);
    const guarded = await guard(request.headers, { method, url, certificateThumbprint });
    if (guarded.admitted) {
      request.signum = guarded.token;
      return undefined;
    }
    reply.code(guarded.status);
    reply.headers({ ...guarded.headers });
    reply.send();
    return reply;
  };
}
