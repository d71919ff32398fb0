import type { Config } from '../../config/config.ts';
import type { TokenPolicy } from '../../tokens/deps.ts';

/** What the use-cases need to know of the configuration. */
export function tokenPolicy(config: Config): TokenPolicy {
  const { lifetimes, tokens, sessions, durability, edges, limits } = config;
  return {
    lifetimes,
    audiences: tokens.audiences,
    supersedePolicy: (tenantId) =>
      sessions.tenantPolicies.get(tenantId) ?? sessions.supersedePolicy,
    durability,
    ratePerUser: limits.ratePerUser,
    fence: edges.fence,
  };
}

/** The audience whose tokens are credentials of users. */
export function userAudience({ tokens: { userAudience, audiences } }: Config): string {
  return (userAudience ?? audiences[0]) as string;
}
