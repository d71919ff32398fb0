import type { VerifyOptions } from '@signum/edge';
import { expect, test } from 'vitest';
import type { AdmittedCall } from '../../policy/access.ts';
import { createEdgeVerdicts } from './edge-verdicts.ts';

test('whatever a gateway requires, the verifier is asked for', async () => {
  const asked: (VerifyOptions | undefined)[] = [];
  const edge = {
    verify(_token: string, requirements?: VerifyOptions) {
      asked.push(requirements);
      const verdict = 'INSUFFICIENT_AUTHENTICATION' as const;
      return {
        active: false as const,
        verdict,
        reason: undefined,
        source: 'EDGE' as const,
        token: undefined,
      };
    },
  };
  const { validate } = createEdgeVerdicts(edge, () => undefined);
  const answer = await validate({} as AdmittedCall, {
    subject: { token: 't' },
    requiredScopes: ['read'],
    audiences: ['api'],
    authentication: { acrValues: ['gold'], maxAgeS: 60 },
    minRevision: 0,
  });
  expect(asked).toEqual([
    { scopes: ['read'], audience: ['api'], acrValues: ['gold'], maxAgeS: 60, proof: undefined },
  ]);
  expect(answer.verdict).toBe('INSUFFICIENT_AUTHENTICATION');
});
