import { setTimeout as sleep } from 'node:timers/promises';
import { verdictText } from '../output/verdict-text.ts';
import { issue, pairOf } from './issue-steps.ts';
import { check, reasonOf, type Step, short } from './step.ts';

export const REFRESH_STEPS: readonly Step[] = [
  {
    title: 'Refresh',
    why: 'The access token is short-lived; the app exchanges its refresh token for the next pair without bothering the user. Each refresh token is good for one use.',
    run: async ({ client, memory }) => {
      const before = memory.phone;
      const answer = await client.tokens.refresh({ refreshToken: before.refreshToken });
      memory.usedUp = before;
      memory.phone = pairOf(answer);
      return {
        called: [`TokenService.Refresh { ${short(before.refreshToken)} }`],
        got: [`access token ${short(memory.phone.accessToken)} with id ${memory.phone.tokenId}`],
        checks: [
          check('there is a new access token', memory.phone.tokenId !== before.tokenId),
          check('the session goes on', memory.phone.sessionId === before.sessionId),
          check('it is no replay', !answer.replayed),
        ],
      };
    },
  },
  {
    title: 'Refresh once more with the same token, at once',
    why: 'The answer was lost on a bad network, or two tabs raced. Within the grace window a repeated refresh gets the very same successor, and nobody is logged out.',
    run: async ({ client, memory }) => {
      const { refreshToken } = memory.usedUp;
      const answer = await client.tokens.refresh({ refreshToken });
      const again = pairOf(answer);
      return {
        called: [`TokenService.Refresh { ${short(refreshToken)} }`],
        got: [`access token with id ${again.tokenId}, replayed: ${answer.replayed}`],
        checks: [
          check('the answer is marked as replayed', answer.replayed),
          check('the token id is the same as before', again.tokenId === memory.phone.tokenId),
        ],
      };
    },
  },
  {
    title: 'Validate the access token from before the refresh',
    why: 'One active access token per device: the refresh moved the old one to the revoked table, although it had not expired.',
    run: async ({ client, memory }) => {
      const { accessToken } = memory.usedUp;
      const answer = await client.tokens.validate({
        subject: { case: 'token', value: accessToken },
      });
      return {
        called: [`TokenService.Validate { token: ${short(accessToken)} }`],
        got: [verdictText(answer)],
        checks: [check('it is REVOKED (ROTATED)', verdictText(answer) === 'REVOKED (ROTATED)')],
      };
    },
  },
  {
    title: 'Use an old refresh token after the grace window',
    why: 'Someone has a copy: the thief or the user, nobody can tell which. This session is ended, and only this one; the other devices stay logged in.',
    skip: ({ options }) =>
      options.waitForReuseMs === undefined ? 'it takes a wait; --slow shows it' : undefined,
    run: async (tour) => {
      const { client, options } = tour;
      const stolen = pairOf(await issue(tour, 'watch', 'Watch of the tour'));
      const current = pairOf(await client.tokens.refresh({ refreshToken: stolen.refreshToken }));
      await sleep(options.waitForReuseMs ?? 0);
      const reason = await reasonOf(client.tokens.refresh({ refreshToken: stolen.refreshToken }));
      const answer = await client.tokens.validate({
        subject: { case: 'token', value: current.accessToken },
      });
      return {
        called: [
          `TokenService.Refresh { ${short(stolen.refreshToken)} }, after the grace window`,
          `TokenService.Validate { token: ${short(current.accessToken)} }, the newest of the device`,
        ],
        got: [`error ${reason ?? '-'}`, verdictText(answer)],
        checks: [
          check('the refresh fails with REFRESH_REUSED', reason === 'REFRESH_REUSED'),
          check(
            'the session is ended: REVOKED (REFRESH_REUSE)',
            verdictText(answer) === 'REVOKED (REFRESH_REUSE)',
          ),
        ],
      };
    },
  },
];
