import { httpContender, requestFile } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import { shuffled } from '../load/shuffled.ts';
import { connectCall, expectActive, validateByToken, validateBytes } from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { idsLoad } from './validate-http.ts';

const CLAIM = 'by token / by ids';

export const validateToken: Scenario = {
  name: 'validate-token',
  title: 'Validate by presented token over HTTP/1.1, ES256, distinct live tokens in random order',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 0.85, undefined, undefined, absent)] };
    }
    const sessions = shuffled(await lab.sessions(lab.options.tokens));
    const { signum, file: idsFile } = await idsLoad(lab, sessions);
    const { apiKey } = lab.credentials;
    const calls = sessions.map((session) =>
      connectCall('Validate', validateBytes(validateByToken(session)), apiKey),
    );
    await expectActive(signum.origin, calls[0] as Buffer);
    const tokenFile = requestFile(lab, 'validate-token', calls);
    const figures = await measureRounds(
      [
        httpContender(lab, 'Signum, by token', signum, tokenFile),
        httpContender(lab, 'Signum, by ids', signum, idsFile),
      ],
      roundsOptions(lab),
    );
    const bytes = Math.round(
      sessions.reduce((sum, { accessToken }) => sum + accessToken.length, 0) / sessions.length,
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 0.85, figures[0], figures[1])],
      notes: [`${sessions.length.toLocaleString('en')} tokens of ${bytes} bytes on average.`],
      load: async (server) => httpContender(lab, 'Signum', server, tokenFile),
    };
  },
};
