import type { PropagationResult } from '../edges/propagation.ts';
import { runEdges, WITHOUT_TLS } from '../edges/run-edges.ts';
import type { Lab } from '../lab/lab.ts';
import { limit } from '../measure/check.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { tokenFile } from './token-file.ts';

const EDGES = 8;
const PER_SECOND = 1_000;

export const edgePropagation: Scenario = {
  name: 'edge-propagation',
  group: 'edge',
  title: `From the answer to Revoke until each of ${EDGES} edges refuses, ${PER_SECOND.toLocaleString('en')} revocations a second`,
  async run(lab: Lab): Promise<Findings> {
    const measured = lab.options.tls ? await measure(lab) : undefined;
    const { p50Ms, p99Ms, stalenessP99Ms } = measured ?? {};
    return {
      figures: [],
      checks: [
        limit('answered → refused at every edge, p50', 'at most', 10, ' ms', p50Ms, WITHOUT_TLS),
        limit('answered → refused at every edge, p99', 'at most', 50, ' ms', p99Ms, WITHOUT_TLS),
        limit('staleness of the edges, p99', 'at most', 400, ' ms', stalenessP99Ms, WITHOUT_TLS),
      ],
      notes: measured
        ? [
            `${measured.revoked.toLocaleString('en')} revocations, ${Math.round(measured.revoked / measured.seconds).toLocaleString('en')} a second. The edges are looked at every millisecond, in one process with whoever revokes.`,
          ]
        : [],
    };
  },
};

async function measure(lab: Lab): Promise<PropagationResult> {
  const { seconds, rounds } = lab.options;
  const server = await lab.startSignum();
  const sessions = await lab.freshSessions(Math.ceil(PER_SECOND * seconds * rounds));
  const plan = {
    ...{ edges: EDGES, perSecond: PER_SECOND },
    tokenFile: tokenFile(lab, 'propagation', sessions),
  };
  try {
    return await runEdges<PropagationResult>(lab, server, 'propagation.ts', plan);
  } finally {
    await server.stop();
  }
}
