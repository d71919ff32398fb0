import type { Limit, RateLimiter } from '../../callers/limits.ts';
import type { Config, Rate } from '../../config/config.ts';
import type { StoreContext } from '../../store/scripts/context.ts';
import { takeFromRate } from '../../store/sessions/rate-limit.ts';

/** Rate limits over all servers, as configured; a rate that is off costs nothing. */
export function createRateLimiter(
  store: StoreContext,
  { ratePerCaller, ratePerUser, readsPerUser }: Config['limits'],
): RateLimiter {
  const rates: { readonly [L in Limit]: Rate | undefined } = {
    caller: ratePerCaller,
    user: ratePerUser,
    reads: readsPerUser,
  };
  return {
    async take(limit, key, deadline) {
      const rate = rates[limit];
      if (!rate) return;
      await takeFromRate(store, limit, key, rate, deadline);
    },
  };
}
