import {
  type CheckProof,
  createProofCheck,
  createProofNonces,
  type ProofNonces,
} from '@signum/token';
import { uuidv7 } from 'uuidv7';
import type { Config, Rate } from '../../config/config.ts';
import type { RootSecrets } from '../../domain/root-secret.ts';
import type { Revocations } from '../../revocations/revocations.ts';
import { takeFromRate } from '../../store/sessions/rate-limit.ts';
import type { Limit, TokenDeps, TokenPolicy } from '../../tokens/deps.ts';
import { createTokens, type Tokens } from '../../tokens/tokens.ts';

/** How long a nonce for proofs is given out, in milliseconds; it is taken for as long again. */
const NONCE_PERIOD_MS = 60_000;

export interface OpenTokensDeps extends Pick<TokenDeps, 'store' | 'signing'> {
  readonly secrets: RootSecrets;
  readonly fences: Pick<Revocations['fences'], 'wait'>;
  readonly onEvent: TokenDeps['onEvent'];
  readonly onVerdict: TokenDeps['onVerdict'];
}

/** The use-cases as configured. */
export function openTokens(config: Config, deps: OpenTokensDeps): Tokens {
  const { store, signing, secrets, fences, onEvent, onVerdict } = deps;
  return createTokens({
    ...{ store, signing, onEvent, onVerdict },
    policy: tokenPolicy(config),
    ...proofCheck(config, secrets),
    newId: uuidv7,
    limit: rateLimit(store, config.limits),
    fence: (places, durability, deadline) => fences.wait(places, durability, deadline),
  });
}

function tokenPolicy(config: Config): TokenPolicy {
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

/** What checks the proofs of bound tokens. */
function proofCheck(
  { proofs, sessions }: Config,
  secrets: RootSecrets,
): { readonly checkProof: CheckProof; readonly nonces: ProofNonces | undefined } {
  const checkProof = createProofCheck({
    ageS: proofs.lifetimeMs / 1000,
    skewS: sessions.clockSkewMs / 1000,
  });
  if (proofs.nonce === 'off') return { checkProof, nonces: undefined };
  const keys = secrets.all.map((secret) => secret.proofNonceKey().reveal());
  const nonces = createProofNonces({ secrets: keys, periodMs: NONCE_PERIOD_MS, now: Date.now });
  return { checkProof, nonces };
}

/** Rate limits over all servers; a rate that is off costs nothing. */
function rateLimit(
  store: TokenDeps['store'],
  { ratePerCaller, ratePerUser, readsPerUser }: Config['limits'],
): TokenDeps['limit'] {
  const rates: { readonly [L in Limit]: Rate | undefined } = {
    caller: ratePerCaller,
    user: ratePerUser,
    reads: readsPerUser,
  };
  return async (limit, key, deadline) => {
    const rate = rates[limit];
    if (!rate) return;
    await takeFromRate(store, limit, key, rate, deadline);
  };
}
