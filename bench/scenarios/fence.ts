import type { FenceResult } from '../edges/fence.ts';
import { runEdges, WITHOUT_TLS } from '../edges/run-edges.ts';
import type { Lab } from '../lab/lab.ts';
import { limit } from '../measure/check.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { tokenFile } from './token-file.ts';

const EDGES = 8;
const PER_SECOND = 20;
/** The default of SIGNUM_EDGE_LEASE, which the population's deployment has. */
const LEASE_MS = 5_000;

export const fence: Scenario = {
  name: 'fence',
  group: 'edge',
  title: `Revoke that waits for ${EDGES} edges, ${PER_SECOND} a second; then with one edge that has been stopped`,
  async run(lab: Lab): Promise<Findings> {
    const measured = lab.options.tls ? await measure(lab) : undefined;
    const { p50Ms, p99Ms, deadMs } = measured ?? {};
    const leases = deadMs && deadMs / LEASE_MS;
    return {
      figures: [],
      checks: [
        limit('live edges, p50', 'at most', 20, ' ms', p50Ms, WITHOUT_TLS),
        limit('live edges, p99', 'at most', 100, ' ms', p99Ms, WITHOUT_TLS),
        limit('one dead edge, the longest wait', 'at most', 1.02, ' leases', leases, WITHOUT_TLS),
      ],
      notes: measured
        ? [`${measured.revoked} revocations. A lease is ${LEASE_MS / 1_000} s long.`]
        : [],
    };
  },
};

async function measure(lab: Lab): Promise<FenceResult> {
  const { seconds, rounds } = lab.options;
  const dead = Math.min(rounds, 3);
  const sessions = await lab.freshSessions(Math.ceil(PER_SECOND * seconds * rounds) + dead + 1);
  const server = await lab.startSignum({ env: { SIGNUM_REDIS_FAILOVER_WINDOW: '0' } });
  const plan = {
    ...{ edges: EDGES, perSecond: PER_SECOND, dead },
    tokenFile: tokenFile(lab, 'fence', sessions),
  };
  try {
    return await runEdges<FenceResult>(lab, server, 'fence.ts', plan);
  } finally {
    await server.stop();
  }
}
