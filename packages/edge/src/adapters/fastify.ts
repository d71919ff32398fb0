import type { Edge } from '../edge.ts';
import type { VerifiedToken } from '../verdict.ts';
import { thumbprintOf } from './client-certificate.ts';
import { createGuard, type GuardOptions } from './headers.ts';

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

/** An `onRequest` hook for Fastify: lets requests with a good token through, answers the others. */
export function signum(edge: Pick<Edge, 'verify'>, options: GuardOptions = {}) {
  const guard = createGuard(edge, options);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { method, originalUrl: url, raw } = request;
    const certificateThumbprint = thumbprintOf(raw?.socket);
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
