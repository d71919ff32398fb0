import { fileURLToPath } from 'node:url';
import type { Contender } from '../contenders/contender.ts';
import { httpContender } from '../contenders/http-contender.ts';
import { signingContender } from '../contenders/signing.ts';
import { onCpus } from '../lab/cpus.ts';
import type { Lab } from '../lab/lab.ts';
import type { Signum } from '../lab/signum.ts';
import type { LoadResult } from '../load/load-result.ts';
import { runTool } from '../load/run-tool.ts';
import { shuffled } from '../load/shuffled.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { tokenFile } from './token-file.ts';
import { idsLoad } from './validate-http.ts';

const LOOP = fileURLToPath(new URL('../contenders/edge-loop.ts', import.meta.url));
const BY_SERVER = 'edge / Validate by ids';
const BY_JOSE = 'edge / jose jwtVerify';

export const edgeVerify: Scenario = {
  name: 'edge-verify',
  group: 'edge',
  title:
    'Verify in an edge, ES256, distinct known tokens in random order, a fresh string each time',
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) {
      return {
        figures: [],
        checks: [
          throughputRatio(BY_SERVER, 40, undefined, undefined, absent),
          throughputRatio(BY_JOSE, 80, undefined, undefined, absent),
        ],
      };
    }
    const sessions = shuffled(await lab.sessions(lab.options.tokens));
    const { signum, file } = await idsLoad(lab, sessions);
    const tokens = tokenFile(lab, 'edge-verify', sessions);
    const figures = await measureRounds(
      [
        edgeContender(lab, signum, tokens),
        httpContender(lab, 'Signum, Validate by ids', signum, file),
        signingContender(lab, 'jose jwtVerify', 'jose-verify'),
      ],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [
        throughputRatio(BY_SERVER, 40, figures[0], figures[1]),
        throughputRatio(BY_JOSE, 80, figures[0], figures[2]),
      ],
      notes: [`${sessions.length.toLocaleString('en')} tokens, all known to the edge beforehand.`],
    };
  },
};

/** One thread on the server's CPU; each load is a process of its own, which counts its own time. */
function edgeContender(lab: Lab, { origin }: Signum, file: string): Contender {
  const { apiKey, caFile } = lab.credentials;
  return {
    name: '@signum/edge',
    pid: 0,
    async load(seconds) {
      const input = { origin, apiKey, caFile, tokenFile: file, seconds };
      const argv = [process.execPath, LOOP, JSON.stringify(input)];
      const counted = JSON.parse(await runTool(onCpus(lab.cpus.server, argv))) as Counted;
      return { ...counted, latency: { p50Us: 0, p99Us: 0, p999Us: 0 } };
    },
  };
}

type Counted = Pick<LoadResult, 'calls' | 'failed' | 'seconds' | 'cpuMs'>;
