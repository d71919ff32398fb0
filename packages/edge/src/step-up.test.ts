import { expect, test } from 'vitest';
import { type AuthenticationRequirement, stepUp } from './step-up.ts';
import { refusal, type VerifiedToken } from './verdict.ts';

const NOW_MS = 1_700_000_000_500;
const authTime = new Date(1_700_000_000_000 - 60_000);
const TOLD = { acr: 'silver', authTime };

function verdictOf(
  told: Pick<VerifiedToken, 'acr' | 'authTime'>,
  requirement: AuthenticationRequirement,
) {
  const token = told as VerifiedToken;
  const good = {
    active: true,
    verdict: 'ACTIVE',
    reason: undefined,
    source: 'EDGE',
    token,
  } as const;
  return stepUp(good, requirement, () => NOW_MS).verdict;
}

test.each<[string, AuthenticationRequirement, object, string]>([
  ['nothing', {}, {}, 'ACTIVE'],
  ['its class', { acrValues: ['gold', 'silver'] }, TOLD, 'ACTIVE'],
  ['another class', { acrValues: ['gold'] }, TOLD, 'INSUFFICIENT_AUTHENTICATION'],
  ['no class that there is', { acrValues: [] }, TOLD, 'INSUFFICIENT_AUTHENTICATION'],
  ['a class that is not told', { acrValues: ['silver'] }, {}, 'INSUFFICIENT_AUTHENTICATION'],
  ['its very age', { maxAgeS: 60 }, TOLD, 'ACTIVE'],
  ['less than its age', { maxAgeS: 59 }, TOLD, 'INSUFFICIENT_AUTHENTICATION'],
  ['an age that is not told', { maxAgeS: 1e9 }, {}, 'INSUFFICIENT_AUTHENTICATION'],
  ['both', { acrValues: ['silver'], maxAgeS: 5 }, TOLD, 'INSUFFICIENT_AUTHENTICATION'],
])('whoever requires %s is told so', (_what, requirement, told, verdict) => {
  expect(verdictOf(told, requirement)).toBe(verdict);
});

test('what is not good stays what it is', () => {
  const ended = refusal('REVOKED', 'EDGE', 'LOGOUT');
  expect(stepUp(ended, { acrValues: ['gold'] }, () => NOW_MS)).toBe(ended);
});
