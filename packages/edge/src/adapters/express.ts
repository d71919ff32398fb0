import type { Edge } from '../edge.ts';
import type { VerifiedToken } from '../verdict.ts';
import { thumbprintOf } from './client-certificate.ts';
import { createGuard, type GuardOptions } from './headers.ts';

/** What is used of Express' request; `signum` is set when the request is let through. */
export interface ExpressRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly url: string;
  /** The path as it was sent, wherever the app is mounted. */
  readonly originalUrl?: string;
  readonly socket?: object;
  signum?: VerifiedToken;
}

/** What is used of Express' response. */
export interface ExpressResponse {
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(): unknown;
}

/** Middleware for Express (and Connect): lets requests with a good token through, answers the others. */
export function signum(edge: Pick<Edge, 'verify'>, options: GuardOptions = {}) {
  const guard = createGuard(edge, options);
  return async (
    request: ExpressRequest,
    response: ExpressResponse,
    next: (error?: unknown) => void,
  ): Promise<void> => {
    const { method, originalUrl: url = request.url, socket } = request;
    const certificateThumbprint = thumbprintOf(socket);
    const guarded = await guard(request.headers, { method, url, certificateThumbprint });
    if (!guarded.admitted) {
      response.writeHead(guarded.status, guarded.headers);
      response.end();
      return;
    }
    request.signum = guarded.token;
    next();
  };
}
