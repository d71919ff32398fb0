import { httpContender, requestFile } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import { shuffled } from '../load/shuffled.ts';
import { batchBytes, connectCall, expectAllActive, validateByIds } from '../load/signum-calls.ts';
import { limit, throughputRatio } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';
import { idsLoad } from './validate-http.ts';

const SIZE = 64;
const BATCHES = 2_000;

export const validateBatch: Scenario = {
  name: 'validate-batch',
  title: `BatchValidate by ids over HTTP/1.1, ${SIZE} in a call`,
  async run(lab: Lab): Promise<Findings> {
    const absent = lab.missing.get('wrk');
    if (absent) return { figures: [], checks: checks(undefined, undefined, absent) };
    const sessions = await lab.sessions(lab.options.tokens);
    const { signum, file } = await idsLoad(lab, sessions);
    const { apiKey } = lab.credentials;
    const order = shuffled(sessions);
    const count = Math.min(BATCHES, Math.ceil(order.length / 8));
    const calls = Array.from({ length: count }, (_, batch) => {
      const items = Array.from(
        { length: SIZE },
        (_, i) => order[(batch * SIZE + i) % order.length],
      );
      return connectCall(
        'BatchValidate',
        batchBytes(items.map((item) => validateByIds(item!))),
        apiKey,
      );
    });
    await expectAllActive(signum.origin, calls[0] as Buffer);
    const batchFile = requestFile(lab, 'validate-batch', calls);
    const shape = { connections: 8, callsPerRequest: SIZE };
    const figures = await measureRounds(
      [
        httpContender(lab, `Signum, ${SIZE} in a call`, signum, batchFile, shape),
        httpContender(lab, 'Signum, one in a call', signum, file),
      ],
      roundsOptions(lab),
    );
    return {
      figures,
      checks: checks(figures[0], figures[1], undefined),
      notes: ['Calls/s and CPU time count validations; latencies are those of whole calls.'],
      load: async (server) => httpContender(lab, 'Signum', server, batchFile, shape),
    };
  },
};

type Figures = Parameters<typeof throughputRatio>;

function checks(batch: Figures[2], single: Figures[3], absent: string | undefined) {
  return [
    limit('validations a second', 'at least', 60_000, '/s', batch?.perSecond.median, absent),
    throughputRatio('in batches / one in a call', 6, batch, single, absent),
  ];
}
