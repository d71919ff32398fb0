import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import type { IssueResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import { instant } from '../output/instants.ts';
import { verdictText } from '../output/verdict-text.ts';
import { check, type Pair, type Step, short, type Tour } from './step.ts';

export const ISSUE_STEPS: readonly Step[] = [
  {
    title: 'Issue',
    why: 'The authentication service has checked who the user is; Signum turns that into two tokens: a short-lived access token for every request, and a refresh token to get the next one.',
    run: async (tour) => {
      const answer = await issue(tour, 'phone', 'Phone of the tour');
      tour.memory.phone = pairOf(answer);
      return {
        called: [`TokenService.Issue { ${tour.tenantId}, ${tour.userId}, phone, scopes: [read] }`],
        got: [
          `access token ${short(tour.memory.phone.accessToken)}, expires ${instant(answer.tokens?.accessExpireTime, tour.now())}`,
          `refresh token ${short(tour.memory.phone.refreshToken)}, expires ${instant(answer.tokens?.refreshExpireTime, tour.now())}`,
        ],
        checks: [
          check(
            'the access token is a signed JWT',
            answer.tokens?.accessToken.split('.').length === 3,
          ),
          check('nothing was superseded', answer.supersededSessionId === ''),
        ],
      };
    },
  },
];

export const SUPERSEDE_STEP: Step = {
  title: 'Issue again on the same device',
  why: 'A device holds one session. A new login takes the place of the old one in one atomic step, so a stolen older token is worthless from that moment.',
  run: async (tour) => {
    const before = tour.memory.phone;
    const answer = await issue(tour, 'phone', 'Phone of the tour');
    const old = await tour.client.tokens.validate({
      subject: { case: 'token', value: before.accessToken },
    });
    tour.memory.phone = pairOf(answer);
    return {
      called: [
        `TokenService.Issue { ${tour.tenantId}, ${tour.userId}, phone }`,
        `TokenService.Validate { token: ${short(before.accessToken)} }`,
      ],
      got: [
        `superseded session ${answer.supersededSessionId}`,
        `the old token: ${verdictText(old)}`,
      ],
      checks: [
        check(
          'the answer names the session it superseded',
          answer.supersededSessionId === before.sessionId,
        ),
        check('the old token is SUPERSEDED', verdictText(old) === 'SUPERSEDED'),
      ],
    };
  },
};

/** Issues for a device of the tour's user. */
export function issue(tour: Tour, deviceId: string, label: string): Promise<IssueResponse> {
  const { tenantId, userId } = tour;
  return tour.client.tokens.issue({
    device: { tenantId, userId, deviceId },
    scopes: ['read'],
    metadata: { label },
    // The tour shows superseding whatever the deployment's default is.
    policy: SupersedePolicy.SUPERSEDE,
  });
}

export function pairOf(answer: { readonly tokens?: Pair | undefined }): Pair {
  const { accessToken = '', refreshToken = '', tokenId = '', sessionId = '' } = answer.tokens ?? {};
  return { accessToken, refreshToken, tokenId, sessionId };
}
