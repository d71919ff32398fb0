import { signingContender } from '../contenders/signing.ts';
import type { Lab } from '../lab/lab.ts';
import { limit } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';

export const dpopProof: Scenario = {
  name: 'dpop-proof',
  title: 'A DPoP proof (RFC 9449) checked, ES256, each proof once, of one key',
  async run(lab: Lab): Promise<Findings> {
    const figures = await measureRounds(
      [
        signingContender(lab, '@signum/token, proof checked', 'proof'),
        signingContender(lab, 'node:crypto, verify ES256', 'crypto-verify'),
        signingContender(lab, 'jose, verify ES256', 'jose-verify'),
      ],
      roundsOptions(lab),
    );
    const [proof, verify] = figures.map(({ cpuUs }) => cpuUs.median);
    const ratio = proof && verify && proof / verify;
    return {
      figures,
      checks: [limit('CPU of a proof / of one ES256 verify', 'at most', 1.3, ' ×', ratio)],
      notes: [
        'That a proof is used once is looked up in Redis, beside the token, and is not in it.',
      ],
    };
  },
};
