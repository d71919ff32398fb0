import type { Edge } from '../edge.ts';
import { type MiddlewareOptions, withThumbprints } from './client-certificate.ts';
import { createGuard } from './headers.ts';

export type { MiddlewareOptions } from './client-certificate.ts';

/** What is used of Hono's context; the token is its variable `signum`. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  /** With `@hono/node-server` Node's request is in it. */
  readonly env?: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Hono types a variable by the app's own declaration
  set(name: any, value: any): void;
}

/**
 * Middleware for Hono: lets requests with a good token through, answers the others. A client's certificate
 * is found by itself where the app runs by `@hono/node-server`; elsewhere `clientCertificate` tells it.
 *
 * @throws RangeError if an option is not known, or is not what it must be
 */
export function signum<Context extends HonoContext>(
  edge: Pick<Edge, 'verify'>,
  middlewareOptions: MiddlewareOptions<Context> = {},
) {
  const { options, thumbprintOf } = withThumbprints(middlewareOptions, socketOf);
  const guard = createGuard(edge, options);
  return async (context: HonoContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const { headers, method, url } = context.req.raw;
    const certificateThumbprint = thumbprintOf(context as Context);
    const guarded = await guard(headers, { method, url, certificateThumbprint });
    if (!guarded.admitted) {
      return new Response(null, { status: guarded.status, headers: guarded.headers });
    }
    context.set('signum', guarded.token);
    await next();
    return undefined;
  };
}

/** Of Node's request, which other runtimes do not have. */
function socketOf({ env }: HonoContext): unknown {
  const { incoming } = (env ?? {}) as { readonly incoming?: { readonly socket?: unknown } };
  return incoming?.socket;
}
