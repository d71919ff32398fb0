import type { Edge } from '../edge.ts';
import type { VerifiedToken } from '../verdict.ts';
import { type MiddlewareOptions, withThumbprints } from './client-certificate.ts';
import { createGuard } from './headers.ts';

export type { MiddlewareOptions } from './client-certificate.ts';

declare global {
  namespace Express {
    interface Request {
      /** What the token says that the request was let through with, by `@signum/edge`. */
      signum?: VerifiedToken;
    }
  }
}

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

/**
 * Middleware for Express (and Connect): lets requests with a good token through, answers the others.
 *
 * @throws RangeError if an option is not known, or is not what it must be
 */
export function signum<Request extends ExpressRequest>(
  edge: Pick<Edge, 'verify'>,
  middlewareOptions: MiddlewareOptions<Request> = {},
) {
  const { options, thumbprintOf } = withThumbprints(middlewareOptions, ({ socket }) => socket);
  const guard = createGuard(edge, options);
  return async (
    request: ExpressRequest,
    response: ExpressResponse,
    next: (error?: unknown) => void,
  ): Promise<void> => {
    const { method, originalUrl: url = request.url } = request;
    const certificateThumbprint = thumbprintOf(request as Request);
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
