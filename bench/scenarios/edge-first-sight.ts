import type { FirstSightResult } from '../edges/first-sight.ts';
import { runEdges, WITHOUT_TLS } from '../edges/run-edges.ts';
import type { Lab } from '../lab/lab.ts';
import { limit } from '../measure/check.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { tokenFile } from './token-file.ts';

const TOKENS = 5_000;

export const edgeFirstSight: Scenario = {
  name: 'edge-first-sight',
  group: 'edge',
  title: "A token that an edge has not seen before, ES256, in turn with node:crypto's bare verify",
  async run(lab: Lab): Promise<Findings> {
    const measured = lab.options.tls ? await measure(lab) : undefined;
    const ratio = measured && measured.edgeUs / measured.verifyUs;
    return {
      figures: [],
      checks: [limit('first sight / node:crypto verify', 'at most', 1.3, ' ×', ratio, WITHOUT_TLS)],
      notes: measured
        ? [
            `Medians over rounds of 50 tokens: ${measured.edgeUs.toFixed(1)} µs, of which node:crypto takes ${measured.verifyUs.toFixed(1)} µs.`,
          ]
        : [],
    };
  },
};

async function measure(lab: Lab): Promise<FirstSightResult> {
  const server = await lab.signum();
  const sessions = await lab.sessions(Math.min(TOKENS, lab.options.tokens));
  const file = tokenFile(lab, 'first-sight', sessions);
  const plan = { tokenFile: file, jwks: lab.populator.jwksJson() };
  return runEdges(lab, server, 'first-sight.ts', plan, lab.cpus.server);
}
