import { issue, pairOf } from './issue-steps.ts';
import { check, reasonOf, type Step, short } from './step.ts';

export const SESSION_STEPS: readonly Step[] = [
  {
    title: "List the user's sessions",
    why: 'The "your devices" page. A second device is logged in first: each has a session of its own.',
    run: async (tour) => {
      const { client, memory, tenantId, userId } = tour;
      memory.laptop = pairOf(await issue(tour, 'laptop', 'Laptop of the tour'));
      const { sessions } = await client.tokens.listSessions({ tenantId, userId });
      const devices = sessions.map((session) => session.device?.deviceId);
      return {
        called: [
          `TokenService.Issue { ${tenantId}, ${userId}, laptop }`,
          `TokenService.ListSessions { ${tenantId}, ${userId} }`,
        ],
        got: sessions.map(
          ({ device, metadata, generation }) =>
            `${device?.deviceId}: ${metadata?.label}, refreshes: ${generation}`,
        ),
        checks: [check('both devices are there', devices.join() === 'laptop,phone')],
      };
    },
  },
  {
    title: "List them as the user, with the user's own token",
    why: 'An app shows "your devices" without a service in between. A user token opens its own user\'s sessions and nothing else.',
    run: async ({ clientWith, memory, tenantId, userId }) => {
      const { accessToken } = memory.laptop;
      const user = clientWith(accessToken);
      const own = await user.tokens.listSessions({ tenantId, userId });
      const others = await reasonOf(
        user.tokens.listSessions({ tenantId, userId: `${userId}-not` }),
      );
      return {
        called: [
          `TokenService.ListSessions { ${tenantId}, ${userId} } with ${short(accessToken)}`,
          `TokenService.ListSessions { ${tenantId}, another user } with the same`,
        ],
        got: [`${own.sessions.length} sessions`, `error ${others ?? '-'}`],
        checks: [
          check('the user sees their own sessions', own.sessions.length === 2),
          check("another user's are PERMISSION_DENIED", others === 'PERMISSION_DENIED'),
        ],
      };
    },
  },
  {
    title: 'Look at one session',
    why: 'What an operator sees of a device: when it logged in, how often it was refreshed, what the client said about itself. Never a token: Signum keeps none.',
    run: async ({ client, memory, tenantId, userId }) => {
      const device = { tenantId, userId, deviceId: 'phone' };
      const { session } = await client.tokens.getSession({ device });
      return {
        called: [`TokenService.GetSession { ${tenantId}, ${userId}, phone }`],
        got: [
          `session ${session?.sessionId}, refreshes: ${session?.generation}, "${session?.metadata?.label}"`,
        ],
        checks: [
          check('it is the session of the tokens', session?.sessionId === memory.phone.sessionId),
          check(
            'its one active access token is the latest',
            session?.tokenId === memory.phone.tokenId,
          ),
        ],
      };
    },
  },
];
