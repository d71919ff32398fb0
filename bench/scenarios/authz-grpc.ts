import { readFileSync } from 'node:fs';
import { type GrpcCall, grpcContender, grpcOnce } from '../contenders/grpc-contender.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { CHECK_PATH, checkBytes, requireAllowed } from '../load/gateway-calls.ts';
import { pathOf, requireActive, validateByToken, validateBytes } from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';

const CLAIM = 'Check / Validate by token';

export const authzGrpc: Scenario = {
  name: 'authz-grpc',
  title: 'Check over gRPC, as Envoy asks, ES256',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('h2load');
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 0.9, undefined, undefined, absent)] };
    }
    const [session] = (await lab.sessions(1)) as [Session];
    const signum = await lab.signum();
    const { apiKey, caFile } = lab.credentials;
    const check: GrpcCall = {
      path: CHECK_PATH,
      message: checkBytes(session),
      headers: { 'x-signum-key': apiKey },
    };
    const validate: GrpcCall = {
      path: pathOf('Validate'),
      message: validateBytes(validateByToken(session)),
      headers: { authorization: `Bearer ${apiKey}` },
    };
    const ca = readFileSync(caFile);
    requireAllowed(await grpcOnce(lab, signum.grpcOrigin, check, ca));
    requireActive(await grpcOnce(lab, signum.grpcOrigin, validate, ca));

    const served = { pid: signum.pid, origin: signum.grpcOrigin };
    const figures = await measureRounds(
      [
        grpcContender(lab, 'Signum, Check', served, check),
        grpcContender(lab, 'Signum, Validate by token', served, validate),
      ],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 0.9, figures[0], figures[1])],
      notes: [
        'h2load, 8 connections, 8 streams each; one session, because it cannot vary the body.',
      ],
      load: async ({ pid, grpcOrigin }) =>
        grpcContender(lab, 'Signum', { pid, origin: grpcOrigin }, check),
    };
  },
};
