import type { Contender } from '../contenders/contender.ts';
import { httpContender } from '../contenders/http-contender.ts';
import { edgesArgv, WITHOUT_TLS } from '../edges/run-edges.ts';
import type { Lab } from '../lab/lab.ts';
import { saysReady, startPinned } from '../lab/pinned-process.ts';
import { shuffled } from '../load/shuffled.ts';
import { throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { idsLoad } from './validate-http.ts';

const EDGES = 8;
const CLAIM = `with ${EDGES} edges / without`;

export const edgeCost: Scenario = {
  name: 'edge-cost',
  group: 'edge',
  title: `Validate by ids over HTTP/1.1, at one server, while nobody follows its feed and while ${EDGES} edges hold their leases`,
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.options.tls ? lab.missing.get('wrk') : WITHOUT_TLS;
    if (absent) {
      return { figures: [], checks: [throughputRatio(CLAIM, 0.98, undefined, undefined, absent)] };
    }
    const sessions = shuffled(await lab.sessions(lab.options.tokens));
    const { signum, file } = await idsLoad(lab, sessions);
    const alone = httpContender(lab, 'Signum, without edges', signum, file);
    const followed = httpContender(lab, `Signum, with ${EDGES} edges`, signum, file);
    const figures = await measureRounds(
      [alone, whileEdgesHold(lab, signum.grpcOrigin, followed)],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: [throughputRatio(CLAIM, 0.98, figures[1], figures[0])],
      notes: ['The edges are connected before each measurement, and gone when it is over.'],
    };
  },
};

/** The same load, beside edges on the load's CPU. */
function whileEdgesHold(lab: Lab, grpcOrigin: string, contender: Contender): Contender {
  return {
    ...contender,
    async load(seconds) {
      const argv = edgesArgv(lab, { grpcOrigin }, 'hold.ts', { edges: EDGES });
      const edges = await startPinned({ cpus: lab.cpus.load, argv, ready: saysReady });
      try {
        return await contender.load(seconds);
      } finally {
        await edges.stop();
      }
    },
  };
}
