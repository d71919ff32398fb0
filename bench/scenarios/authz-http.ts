import { httpContender, requestFile } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import { authzCall } from '../load/gateway-calls.ts';
import { shuffled } from '../load/shuffled.ts';
import {
  connectCall,
  expectActive,
  expectOk,
  validateByToken,
  validateBytes,
} from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import type { Figure } from '../measure/figure.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { NAMES, nginxContender } from './validate-http.ts';

export const authzHttp: Scenario = {
  name: 'authz-http',
  title: 'GET /authz over HTTP/1.1, as nginx asks, ES256, distinct live tokens in random order',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) return { figures: [], checks: checks(undefined, undefined, undefined, absent) };
    const sessions = shuffled(await lab.sessions(lab.options.tokens));
    const signum = await lab.signum();
    const { apiKey } = lab.credentials;
    const asked = sessions.map((session) => authzCall(session, apiKey));
    const validated = sessions.map((session) =>
      connectCall('Validate', validateBytes(validateByToken(session)), apiKey),
    );
    await expectOk(signum.origin, asked[0] as Buffer);
    await expectActive(signum.origin, validated[0] as Buffer);
    const file = requestFile(lab, 'authz', asked);
    const contenders = [
      httpContender(lab, 'Signum, GET /authz', signum, file),
      httpContender(
        lab,
        'Signum, Validate by token',
        signum,
        requestFile(lab, 'authz-validate', validated),
      ),
    ];
    const nginxAbsent = lab.missing.get('nginx');
    if (!nginxAbsent) contenders.push(await nginxContender(lab, sessions));
    const [authz, validate, nginx] = await measureRounds(contenders, roundsOptions(lab));
    const bytes = Math.round(asked.reduce((sum, { length }) => sum + length, 0) / asked.length);
    return {
      figures: [authz, validate, nginx].filter((figure) => figure !== undefined),
      checks: checks(authz, validate, nginx, nginxAbsent),
      notes: [
        `Requests of ${bytes} bytes on average. ${NAMES.nginx} is given ids, and verifies no token.`,
      ],
      load: async (server) => httpContender(lab, 'Signum', server, file),
    };
  },
};

function checks(
  authz: Figure | undefined,
  validate: Figure | undefined,
  nginx: Figure | undefined,
  absent: string | undefined,
) {
  return [
    throughputRatio('GET /authz / Validate by token', 0.9, authz, validate, absent),
    throughputRatio(`GET /authz / ${NAMES.nginx}`, 1.2, authz, nginx, absent),
  ];
}
