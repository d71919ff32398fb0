import type { Edge } from '../edge.ts';
import type { VerifiedToken } from '../verdict.ts';
import { createGuard, type GuardOptions } from './headers.ts';

/** What is used of Express' request; `signum` is set when the request is let through. */
export interface ExpressRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
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
    const guarded = await guard(request.headers);
    if (!guarded.admitted) {
      response.writeHead(guarded.status, guarded.headers);
      response.end();
      return;
    }
    request.signum = guarded.token;
    next();
  };
}
