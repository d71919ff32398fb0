import { onceContender, requestFile } from '../contenders/http-contender.ts';
import { signingContender } from '../contenders/signing.ts';
import type { Lab } from '../lab/lab.ts';
import { connectCall, expectOk, refreshBytes } from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { onceCount } from './once-count.ts';

const CLAIM = 'Refresh / both signatures by jose';

export const refresh: Scenario = {
  name: 'refresh',
  title: 'Refresh over HTTP/1.1: a rotation, with an ES256 access token and an HS256 refresh token',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 0.6, undefined, undefined, absent)] };
    }
    const signum = await lab.signum();
    const count = onceCount(lab);
    const makeFile = async (name: string) => {
      const sessions = await lab.freshSessions(1 + count);
      const calls = sessions.map((session) => connectCall('Refresh', refreshBytes(session)));
      await expectOk(signum.origin, calls.pop() as Buffer);
      return requestFile(lab, name, calls);
    };
    const file = await makeFile('refresh');
    const figures = await measureRounds(
      [
        onceContender(lab, 'Signum, Refresh', signum, file, count),
        signingContender(lab, 'jose, both signatures', 'jose'),
      ],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 0.6, figures[0], figures[1])],
      load: async (server) =>
        onceContender(lab, 'Signum', server, await makeFile('refresh-2'), count),
    };
  },
};
