import type { RateLimiter } from '../callers/limits.ts';
import type { Config, Rate } from '../config/config.ts';
import type { StoreContext } from '../store/scripts/context.ts';
import { takeFromRate } from '../store/sessions/rate-limit.ts';

/** Rate limits over all servers, as configured; a rate that is off costs nothing. */
export function createRateLimiter(
  store: StoreContext,
  { ratePerCaller, ratePerUser }: Config['limits'],
): RateLimiter {
  const rates: { readonly [K in 'caller' | 'user']: Rate | undefined } = {
    caller: ratePerCaller,
    user: ratePerUser,
  };
  return {
    async take(kind, key, deadline) {
      const rate = rates[kind];
      if (!rate) return;
      await takeFromRate(store, kind, key, rate, deadline);
    },
  };
}
