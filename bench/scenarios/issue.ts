import { onceContender, requestFile } from '../contenders/http-contender.ts';
import { signingContender } from '../contenders/signing.ts';
import type { Lab } from '../lab/lab.ts';
import { deviceOf } from '../lab/population.ts';
import { connectCall, expectOk, issueBytes } from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { onceCount } from './once-count.ts';

/** Users that no population reaches. */
const FIRST_USER = 500_000_000;

const CLAIM = 'Issue / both signatures by jose';

export const issue: Scenario = {
  name: 'issue',
  title:
    'Issue over HTTP/1.1: an ES256 access token and an HS256 refresh token, each for a new user',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 0.6, undefined, undefined, absent)] };
    }
    const signum = await lab.signum();
    const { apiKey } = lab.credentials;
    const count = onceCount(lab);
    const calls = Array.from({ length: 1 + 2 * count }, (_, index) =>
      connectCall('Issue', issueBytes(deviceOf(FIRST_USER + index)), apiKey),
    );
    await expectOk(signum.origin, calls[0] as Buffer);
    const file = requestFile(lab, 'issue', calls.slice(1, 1 + count));
    const figures = await measureRounds(
      [
        onceContender(lab, 'Signum, Issue', signum, file, count),
        signingContender(lab, 'jose, both signatures', 'jose'),
        signingContender(lab, 'node:crypto, both signatures', 'crypto'),
        signingContender(lab, 'jose, verify ES256', 'jose-verify'),
        signingContender(lab, 'node:crypto, verify ES256', 'crypto-verify'),
      ],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 0.6, figures[0], figures[1])],
      load: async (server) =>
        onceContender(
          lab,
          'Signum',
          server,
          requestFile(lab, 'issue-2', calls.slice(1 + count)),
          count,
        ),
    };
  },
};
