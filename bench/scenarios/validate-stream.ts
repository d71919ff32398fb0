import type { Contender } from '../contenders/contender.ts';
import { requestFile } from '../contenders/http-contender.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import type { Signum } from '../lab/signum.ts';
import { runStream } from '../load/run-stream.ts';
import { shuffled } from '../load/shuffled.ts';
import { pathOf, streamBytes, validateByIds } from '../load/signum-calls.ts';
import { limit } from '../measure/check.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings, Scenario } from '../scenario.ts';

const SIZE = 64;
const MESSAGES = 1_000;
const STREAMS = 4;
/** Few enough that the server reads on without waiting for the client. */
const WINDOW = 8;

export const validateStream: Scenario = {
  name: 'validate-stream',
  title: `ValidateStream by ids over gRPC, ${STREAMS} streams`,
  async run(lab: Lab): Promise<Findings> {
    const sessions = shuffled(await lab.sessions(lab.options.tokens));
    const signum = await lab.signum();
    const many = streamContender(lab, signum, sessions, SIZE);
    const figures = await measureRounds(
      [many, streamContender(lab, signum, sessions, 1)],
      roundsOptions(lab),
    );
    const rate = figures[0]?.perSecond.median;
    return {
      figures,
      checks: [
        limit(`validations a second, ${SIZE} in a message`, 'at least', 100_000, '/s', rate),
      ],
      notes: [
        'Where the CPU of the server is not busy, Redis and the client, which share the other one, are what bounds.',
      ],
      load: async (server) => streamContender(lab, server, sessions, SIZE),
    };
  },
};

function streamContender(
  lab: Lab,
  { pid, grpcOrigin }: Signum,
  sessions: readonly Session[],
  size: number,
): Contender {
  const messages = Array.from({ length: Math.min(MESSAGES, sessions.length) }, (_, message) => {
    const items = Array.from(
      { length: size },
      (_, i) => sessions[(message * size + i) % sessions.length] as Session,
    );
    return Buffer.from(streamBytes(items.map(validateByIds)));
  });
  const messageFile = requestFile(lab, `stream-${size}`, messages);
  const { apiKey, caFile } = lab.credentials;
  return {
    name: `Signum, ${size} in a message`,
    pid,
    callsPerRequest: size,
    load: (seconds) =>
      runStream(lab.cpus.load, {
        origin: grpcOrigin,
        path: pathOf('ValidateStream'),
        authorization: `Bearer ${apiKey}`,
        ...(lab.options.tls && { caFile }),
        ...{ messageFile, streams: STREAMS, window: WINDOW, seconds },
      }),
  };
}
