import type { Edge } from '../edge.ts';
import { createGuard, type GuardOptions } from './headers.ts';

/** What is used of Hono's context; the token is its variable `signum`. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  // biome-ignore lint/suspicious/noExplicitAny: Hono types a variable by the app's own declaration
  set(name: any, value: any): void;
}

/** Middleware for Hono: lets requests with a good token through, answers the others. */
export function signum(edge: Pick<Edge, 'verify'>, options: GuardOptions = {}) {
  const guard = createGuard(edge, options);
  return async (context: HonoContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const { headers, method, url } = context.req.raw;
    const guarded = await guard(headers, { method, url });
    if (!guarded.admitted) {
      return new Response(null, { status: guarded.status, headers: guarded.headers });
    }
    context.set('signum', guarded.token);
    await next();
    return undefined;
  };
}
