import { RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import { verdictText } from '../output/verdict-text.ts';
import { check, type Step, short } from './step.ts';

export const REVOKE_STEPS: readonly Step[] = [
  {
    title: 'Log out',
    why: 'The app revokes its own session by presenting its token: that is credential enough. The token leaves the active table and enters the revoked table in one atomic step.',
    run: async ({ clientWith, memory }) => {
      const { accessToken } = memory.phone;
      const answer = await clientWith(undefined).tokens.revoke({
        subject: { case: 'token', value: accessToken },
      });
      memory.logoutRevision = answer.revision;
      return {
        called: [`TokenService.Revoke { token: ${short(accessToken)} }, without an API key`],
        got: [`${answer.revokedCount} session ended, revision ${answer.revision}`],
        checks: [check('one session was ended', answer.revokedCount === 1)],
      };
    },
  },
  {
    title: 'Validate the logged-out token',
    why: 'Signed well and not expired, and still refused. min_revision asks for an answer at least as new as the logout, so a lagging copy could not say otherwise.',
    run: async ({ client, memory }) => {
      const { accessToken } = memory.phone;
      const answer = await client.tokens.validate({
        subject: { case: 'token', value: accessToken },
        minRevision: memory.logoutRevision,
      });
      return {
        called: [
          `TokenService.Validate { token: ${short(accessToken)}, min_revision: ${memory.logoutRevision} }`,
        ],
        got: [verdictText(answer)],
        checks: [check('it is REVOKED (LOGOUT)', verdictText(answer) === 'REVOKED (LOGOUT)')],
      };
    },
  },
  {
    title: 'Log out again',
    why: 'Apps retry. Revoking what is already gone is a success that ended nothing.',
    run: async ({ clientWith, memory }) => {
      const { accessToken } = memory.phone;
      const answer = await clientWith(undefined).tokens.revoke({
        subject: { case: 'token', value: accessToken },
      });
      return {
        called: [`TokenService.Revoke { token: ${short(accessToken)} }`],
        got: [`${answer.revokedCount} sessions ended`],
        checks: [check('nothing was left to end', answer.revokedCount === 0)],
      };
    },
  },
  {
    title: 'Log the user out everywhere',
    why: 'An account was taken over: an operator ends every session of the user at once.',
    run: async ({ client, memory, tenantId, userId }) => {
      const answer = await client.tokens.revokeUser({
        tenantId,
        userId,
        reason: RevocationReason.ADMIN,
      });
      const laptop = await client.tokens.validate({
        subject: { case: 'token', value: memory.laptop.accessToken },
        minRevision: answer.revision,
      });
      return {
        called: [
          `TokenService.RevokeUser { ${tenantId}, ${userId}, reason: ADMIN }`,
          `TokenService.Validate { token: ${short(memory.laptop.accessToken)} }, the laptop's`,
        ],
        got: [`${answer.revokedCount} session ended`, verdictText(laptop)],
        checks: [
          check('the session that was left is ended', answer.revokedCount === 1),
          check("the laptop's token is REVOKED (ADMIN)", verdictText(laptop) === 'REVOKED (ADMIN)'),
        ],
      };
    },
  },
];
