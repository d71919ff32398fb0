import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import { type DpopKey, newDpopKey } from '../input/dpop-key.ts';
import { verdictText } from '../output/verdict-text.ts';
import { pairOf } from './issue-steps.ts';
import { check, reasonOf, type Step, short, type Tour } from './step.ts';

/** The request that the app makes of an API, which asks Signum about its token. */
const REQUEST = { method: 'GET', uri: 'https://api.example/orders' };

export const BOUND_STEPS: readonly Step[] = [
  {
    title: 'Issue tokens that are bound to a key, and steal them',
    why: 'An app can hold a key that never leaves its device. Its tokens are good only with a proof made by that key (DPoP, RFC 9449): whoever copies them from a log or a backup has nothing.',
    run: async (tour) => {
      const [holder, thief] = [await newDpopKey(), await newDpopKey()];
      const { tenantId, userId, client } = tour;
      const pair = pairOf(
        await client.tokens.issue({
          device: { tenantId, userId, deviceId: 'tablet' },
          confirmation: { method: { case: 'jkt', value: holder.thumbprint } },
          policy: SupersedePolicy.SUPERSEDE,
        }),
      );
      const { accessToken, refreshToken } = pair;
      const subject = { case: 'token' as const, value: accessToken };
      const stolen = await client.tokens.validate({ subject });
      const forged = await validateWith(tour, thief, accessToken);
      const refreshed = await reasonOf(client.tokens.refresh({ refreshToken }));
      const held = await validateWith(tour, holder, accessToken);
      await client.tokens.revoke({ subject: { case: 'token', value: accessToken } });
      return {
        called: [
          `TokenService.Issue { ${tenantId}, ${userId}, tablet, confirmation: { jkt: ${holder.thumbprint} } }`,
          `TokenService.Validate { token: ${short(accessToken)} }, without a proof, by a thief's key, by its own`,
          `TokenService.Refresh { ${short(refreshToken)} }, without a proof`,
        ],
        got: [
          `without a proof: ${verdictText(stolen)}`,
          `with the thief's: ${verdictText(forged)}`,
          `refresh without a proof: ${refreshed ?? 'OK'}`,
          `with its holder's: ${verdictText(held)}`,
        ],
        checks: [
          check('the token alone is not good', verdictText(stolen) === 'KEY_PROOF_REQUIRED'),
          check('nor is it with another key', verdictText(forged) === 'KEY_PROOF_INVALID'),
          check('the refresh token alone is not good', refreshed === 'KEY_PROOF_REQUIRED'),
          check('its holder gets in', held.active),
        ],
      };
    },
  },
];

/** As an API asks that has been shown a proof; once more if the deployment wants a nonce in it. */
async function validateWith({ client }: Tour, key: DpopKey, accessToken: string) {
  const ask = async (nonce?: string) =>
    client.tokens.validate({
      subject: { case: 'token', value: accessToken },
      proof: { ...REQUEST, dpop: await key.prove({ ...REQUEST, accessToken, nonce }) },
    });
  const answer = await ask();
  return answer.dpopNonce === '' ? answer : ask(answer.dpopNonce);
}
