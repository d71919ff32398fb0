import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from '../contenders/contender.ts';
import { startHelper } from '../contenders/helper-server.ts';
import { httpContender, requestFile } from '../contenders/http-contender.ts';
import { startNginx } from '../contenders/nginx.ts';
import { startOidc } from '../contenders/oidc.ts';
import { redisScriptRate } from '../contenders/redis-benchmark.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { requestBytes } from '../load/http-request.ts';
import { shuffled } from '../load/shuffled.ts';
import {
  connectCall,
  expectActive,
  expectActiveJson,
  pathOf,
  validateByIds,
  validateBytes,
} from '../load/signum-calls.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';

export const NAMES = {
  signum: 'Signum, Connect by ids',
  bare: 'bare node:http(s) handler',
  connect: 'connect-node, empty handler',
  nginx: 'nginx + Lua',
  oidc: 'node-oidc-provider introspection',
};

export const validateHttp: Scenario = {
  name: 'validate-http',
  title: 'Validate by ids over HTTP/1.1, Connect unary, binary, API key',
  run,
};

async function run(lab: Lab): Promise<Findings> {
  const wrkAbsent = lab.missing.get('wrk');
  if (wrkAbsent) return skipAll(wrkAbsent);
  const sessions = shuffled(await lab.sessions(lab.options.tokens));
  const { signum, file } = await idsLoad(lab, sessions);

  const answerFile = await writeAnswer(lab, signum.origin, sessions);
  const bare = await startHelper(lab, 'bare-http-server.ts', { answerFile });
  const connect = await startHelper(lab, 'empty-connect-server.ts', { answerFile });
  const contenders = [
    httpContender(lab, NAMES.signum, signum, file),
    httpContender(lab, NAMES.bare, bare, file),
    httpContender(lab, NAMES.connect, connect, file),
  ];
  const nginxAbsent = lab.missing.get('nginx');
  if (!nginxAbsent) contenders.push(await nginxContender(lab, sessions));
  contenders.push(await oidcContender(lab));

  const figures = await measureRounds(contenders, roundsOptions(lab));
  const of = (name: string) => figures.find((figure) => figure.name === name);
  const self = of(NAMES.signum);
  const script = await redisScriptRate(lab, sessions[0] as Session);
  return {
    figures,
    checks: [
      throughputRatio('Signum / nginx + Lua', 1.2, self, of(NAMES.nginx), nginxAbsent),
      throughputRatio('Signum / node-oidc-provider', 4, self, of(NAMES.oidc)),
      throughputRatio('Signum / connect-node, empty', 3, self, of(NAMES.connect)),
      throughputRatio('Signum / bare handler', 0.45, self, of(NAMES.bare)),
    ],
    notes: [script],
    load: async (server) => httpContender(lab, NAMES.signum, server, file),
  };
}

/** The shared server, and a file of one call for each session. */
export async function idsLoad(lab: Lab, sessions: readonly Session[]) {
  const signum = await lab.signum();
  const calls = sessions.map((session) => idsCall(lab, session));
  return { signum, file: requestFile(lab, 'validate-ids', calls) };
}

export function idsCall(lab: Lab, session: Session): Buffer {
  return connectCall('Validate', validateBytes(validateByIds(session)), lab.credentials.apiKey);
}

/** What Signum answers, for the ceilings to answer the same. */
export async function writeAnswer(
  lab: Lab,
  origin: string,
  [session]: readonly Session[],
): Promise<string> {
  const answerFile = join(lab.dir, 'validate-answer');
  writeFileSync(answerFile, await expectActive(origin, idsCall(lab, session as Session)));
  return answerFile;
}

/** What a gateway team would write itself: by ids, in one pipelined round trip to the same Redis. */
export async function nginxContender(lab: Lab, sessions: readonly Session[]): Promise<Contender> {
  const authorization = `Bearer ${lab.credentials.apiKey}`;
  const nginx = await startNginx(lab, authorization);
  const calls = sessions.map(({ ref }) =>
    requestBytes({
      path: pathOf('Validate'),
      headers: { 'content-type': 'application/json', authorization },
      body: Buffer.from(JSON.stringify({ ids: ref })),
    }),
  );
  await expectActiveJson(nginx.origin, calls[0] as Buffer);
  return httpContender(lab, NAMES.nginx, nginx, requestFile(lab, 'nginx', calls));
}

export async function oidcContender(lab: Lab): Promise<Contender> {
  const { server, calls } = await startOidc(lab);
  return httpContender(lab, NAMES.oidc, server, requestFile(lab, 'oidc', calls));
}

function skipAll(why: string): Findings {
  const ratio = (claim: string, target: number) =>
    throughputRatio(claim, target, undefined, undefined, why);
  return {
    figures: [],
    checks: [
      ratio('Signum / nginx + Lua', 1.2),
      ratio('Signum / node-oidc-provider', 4),
      ratio('Signum / connect-node, empty', 3),
      ratio('Signum / bare handler', 0.45),
    ],
  };
}
