import { type Authenticate, createAuthenticator } from '../../callers/authenticate.ts';
import { createAssertionCheck } from '../../callers/client-assertion.ts';
import { type CallerRegistry, createCallerRegistry } from '../../callers/registry.ts';
import type { Config } from '../../config/config.ts';
import type { RootSecrets } from '../../domain/root-secret.ts';
import { assertionAudiences } from '../../oauth/metadata.ts';
import { useAssertion } from '../../store/sessions/prove.ts';
import type { Store } from '../../store/store.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { createUserTokenCheck } from './user-token.ts';

export interface CallerParts {
  readonly registry: CallerRegistry;
  readonly authenticate: Authenticate;
}

/** Reads the callers and keeps reading them, as configured. Rejects as the store does. */
export async function openCallers(
  config: Config,
  deps: {
    readonly store: Store;
    readonly secrets: RootSecrets;
    readonly tokens: Tokens;
    readonly log: Log;
  },
): Promise<CallerParts> {
  const { store, secrets, tokens, log } = deps;
  const registry = createCallerRegistry({
    records: store.callers,
    refreshMs: config.callers.refreshMs,
    onFault: (fault) => log.warn({ fault }, 'callers'),
  });
  await registry.reload({ deadlineAtMs: performance.now() + config.limits.deadlineMaxMs });
  registry.start();
  const authenticate = createAuthenticator({
    registry,
    secrets,
    adminKey: config.callers.adminKey,
    validateUserToken: createUserTokenCheck(
      tokens,
      userAudience(config),
      config.limits.deadlineDefaultMs,
    ),
    checkAssertion: createAssertionCheck({
      registry,
      audiences: assertionAudiences(config.tokens.issuer, config.tokens.publicUrl),
      skewS: config.sessions.clockSkewMs / 1000,
      useOnce: (use, deadline) => useAssertion(store, use, deadline),
    }),
  });
  return { registry, authenticate };
}

/** The audience whose tokens are credentials of users. */
function userAudience({ tokens: { userAudience, audiences } }: Config): string {
  return (userAudience ?? audiences[0]) as string;
}
