import { httpContender, requestFile } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { requestBytes } from '../load/http-request.ts';
import { shuffled } from '../load/shuffled.ts';
import { expectActiveJson } from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { NAMES, oidcContender } from './validate-http.ts';

const CLAIM = 'Signum / node-oidc-provider';

export const introspect: Scenario = {
  name: 'introspect',
  title:
    'Token introspection (RFC 7662) over HTTP/1.1, client_secret_basic, distinct live tokens in random order',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 5, undefined, undefined, absent)] };
    }
    const sessions = shuffled(await lab.sessions(lab.options.tokens));
    const signum = await lab.signum();
    const calls = sessions.map((session) => introspectCall(session, lab.credentials.apiKey));
    await expectActiveJson(signum.origin, calls[0] as Buffer);
    const file = requestFile(lab, 'introspect', calls);
    const figures = await measureRounds(
      [httpContender(lab, 'Signum, /oauth2/introspect', signum, file), await oidcContender(lab)],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 5, figures[0], figures[1])],
      notes: [
        `Signum's tokens are signed (ES256); ${NAMES.oidc} is of opaque ones, on the same Redis.`,
      ],
      load: async (server) => httpContender(lab, 'Signum', server, file),
    };
  },
};

/** The caller is the one of the admin key, whose name is `admin` (RFC 6749 section 2.3.1). */
function introspectCall({ accessToken }: Session, apiKey: string): Buffer {
  const credentials = Buffer.from(`admin:${encodeURIComponent(apiKey)}`).toString('base64');
  return requestBytes({
    path: '/oauth2/introspect',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${credentials}`,
    },
    body: Buffer.from(new URLSearchParams({ token: accessToken }).toString()),
  });
}
