import { refusal, type Verdict } from './verdict.ts';

/** How its user must have authenticated (step-up, RFC 9470). */
export interface AuthenticationRequirement {
  /** Authentication context classes of which the token must have one; any when absent. */
  readonly acrValues?: readonly string[] | undefined;
  /** How long ago at most, in seconds, by the store's clock; however long when absent. */
  readonly maxAgeS?: number | undefined;
}

/** A good token's verdict for somebody who requires that. `nowMs` is the latest that it can be. */
export function stepUp(
  verdict: Verdict,
  { acrValues, maxAgeS }: AuthenticationRequirement,
  nowMs: () => number,
): Verdict {
  if (!verdict.active) return verdict;
  const { acr, authTime } = verdict.token;
  const isOfClass = acrValues === undefined || (acr !== undefined && acrValues.includes(acr));
  const isRecent = maxAgeS === undefined || (authTime && ageS(authTime, nowMs()) <= maxAgeS);
  return isOfClass && isRecent ? verdict : refusal('INSUFFICIENT_AUTHENTICATION', verdict.source);
}

/** In whole seconds, as instants are told in tokens. */
function ageS(authTime: Date, nowMs: number): number {
  return Math.floor(nowMs / 1_000) - authTime.getTime() / 1_000;
}
