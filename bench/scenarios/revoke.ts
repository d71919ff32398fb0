import { httpContender, onceContender, requestFile } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { connectCall, expectOk, revokeBytes } from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { onceCount } from './once-count.ts';
import { idsLoad } from './validate-http.ts';

const CLAIM = 'Revoke / Validate by ids';

export const revoke: Scenario = {
  name: 'revoke',
  title: 'Revoke over HTTP/1.1: a logout by token, appended to the feed',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 0.5, undefined, undefined, absent)] };
    }
    const signum = await lab.signum();
    const { file: idsFile } = await idsLoad(lab, await lab.sessions(1_000));
    const count = onceCount(lab);
    const make = async (name: string, of: (session: Session) => string) => {
      const sessions = await lab.freshSessions(1 + count);
      const calls = sessions.map((session) => connectCall('Revoke', revokeBytes(of(session))));
      await expectOk(signum.origin, calls.pop() as Buffer);
      return requestFile(lab, name, calls);
    };
    const byRefresh = await make('revoke-refresh', ({ refreshToken }) => refreshToken);
    const byAccess = await make('revoke-access', ({ accessToken }) => accessToken);
    const figures = await measureRounds(
      [
        onceContender(lab, 'Signum, Revoke by refresh token', signum, byRefresh, count),
        onceContender(lab, 'Signum, Revoke by access token', signum, byAccess, count),
        httpContender(lab, 'Signum, Validate', signum, idsFile),
      ],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 0.5, figures[0], figures[2])],
      load: async (server) => {
        const file = await make('revoke-profile', ({ refreshToken }) => refreshToken);
        return onceContender(lab, 'Signum', server, file, count);
      },
    };
  },
};
