import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GrpcCall, grpcContender, grpcOnce } from '../contenders/grpc-contender.ts';
import { startHelper } from '../contenders/helper-server.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { pathOf, requireActive, validateByIds, validateBytes } from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';

const CLAIM = 'Signum / empty grpc-js handler';

export const validateGrpc: Scenario = {
  name: 'validate-grpc',
  title: 'Validate by ids over gRPC on grpc-js, API key',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('h2load');
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 0.6, undefined, undefined, absent)] };
    }
    const [session] = await lab.sessions(1);
    const signum = await lab.signum();
    const path = pathOf('Validate');
    const call: GrpcCall = {
      path,
      message: validateBytes(validateByIds(session as Session)),
      headers: { authorization: `Bearer ${lab.credentials.apiKey}` },
    };
    const ca = readFileSync(lab.credentials.caFile);
    const answerFile = join(lab.dir, 'grpc-answer');
    writeFileSync(answerFile, requireActive(await grpcOnce(lab, signum.grpcOrigin, call, ca)));
    const empty = await startHelper(lab, 'empty-grpc-server.ts', { answerFile, path });

    const served = { pid: signum.pid, origin: signum.grpcOrigin };
    const figures = await measureRounds(
      [
        grpcContender(lab, 'Signum, gRPC by ids', served, call),
        grpcContender(lab, 'empty grpc-js handler', empty, call),
      ],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 0.6, figures[0], figures[1])],
      notes: [
        'h2load, 8 connections, 8 streams each; one session, because it cannot vary the body.',
      ],
      load: async ({ pid, grpcOrigin }) =>
        grpcContender(lab, 'Signum', { pid, origin: grpcOrigin }, call),
    };
  },
};
