import { instant } from '../output/instants.ts';
import { verdictText } from '../output/verdict-text.ts';
import { check, type Step, short } from './step.ts';

/** A token id that no issue has made: UUIDv7 holds the time, and this one is of 1970. */
const NEVER_ISSUED = '00000000-0000-7000-8000-000000000000';

export const VALIDATE_STEPS: readonly Step[] = [
  {
    title: 'Validate the presented token',
    why: 'An edge gateway asks this on every request. It is answered from the live state, so a revoked token is never good, whatever its expiry says.',
    run: async ({ client, memory, now, userId }) => {
      const { accessToken } = memory.phone;
      const answer = await client.tokens.validate({
        subject: { case: 'token', value: accessToken },
        requiredScopes: ['read'],
      });
      return {
        called: [`TokenService.Validate { token: ${short(accessToken)}, required_scopes: [read] }`],
        got: [`${verdictText(answer)}, expires ${instant(answer.expireTime, now())}`],
        checks: [
          check('the token is ACTIVE', answer.active),
          check('the answer says whose it is', answer.token?.userId === userId),
        ],
      };
    },
  },
  {
    title: 'Validate by ids',
    why: 'A gateway that has checked the signature itself asks with the four ids alone; the token need not travel.',
    run: async ({ client, memory, tenantId, userId }) => {
      const { tokenId } = memory.phone;
      const ids = { tenantId, userId, deviceId: 'phone', tokenId };
      const answer = await client.tokens.validate({ subject: { case: 'ids', value: ids } });
      return {
        called: [`TokenService.Validate { ids: ${tenantId}, ${userId}, phone, ${tokenId} }`],
        got: [verdictText(answer)],
        checks: [check('the token is ACTIVE', answer.active)],
      };
    },
  },
  {
    title: 'Validate a batch',
    why: 'Many tokens in one round trip, an answer for each: one bad item never spoils the others.',
    run: async ({ client, memory, tenantId, userId }) => {
      const { accessToken } = memory.phone;
      const unknown = { tenantId, userId, deviceId: 'phone', tokenId: NEVER_ISSUED };
      const { results } = await client.tokens.batchValidate({
        items: [
          { subject: { case: 'token', value: accessToken } },
          { subject: { case: 'token', value: 'not a token' } },
          { subject: { case: 'ids', value: unknown } },
        ],
      });
      const verdicts = results.map(({ result }) =>
        result.case === 'response' ? verdictText(result.value) : 'error',
      );
      return {
        called: [
          `TokenService.BatchValidate { ${short(accessToken)}, "not a token", an id never issued }`,
        ],
        got: [verdicts.join(', ')],
        checks: [
          check(
            'the answers are ACTIVE, MALFORMED, UNKNOWN',
            verdicts.join() === 'ACTIVE,MALFORMED,UNKNOWN',
          ),
        ],
      };
    },
  },
];
