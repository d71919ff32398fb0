import type { Config } from '../config/config.ts';
import type { TokenPolicy } from '../tokens/deps.ts';

/** What the use-cases need to know of the configuration. */
export function tokenPolicy(config: Config): TokenPolicy {
  const { lifetimes, tokens, sessions, durability } = config;
  return {
    lifetimes,
    audiences: tokens.audiences,
    supersedePolicy: (tenantId) =>
      sessions.tenantPolicies.get(tenantId) ?? sessions.supersedePolicy,
    durability,
  };
}
