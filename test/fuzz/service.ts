import { TokenService, Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Stage } from '../security/tokens/stage.ts';
import { failureOf } from '../wire/failure.ts';
import type { Nature } from './oracle.ts';
import type { Random } from './random.ts';

/** A mutant on its way to the running service. */
export interface Presented {
  readonly token: string;
  readonly nature: Nature;
  /** Whether Validate has to call it active: an access token as it was issued, or its twin. */
  readonly active: boolean;
}

export interface ServiceReport {
  /** Answers by what was asked and what was said. */
  readonly answers: Map<string, number>;
  readonly wrong: string[];
}

export interface ServiceTarget {
  readonly report: ServiceReport;
  /** Keeps it, and sends what it has once that is a batch. */
  present(mutant: Presented): Promise<void>;
  flush(): Promise<void>;
}

const BATCH = 200;
/** Of a batch, so many are also presented to Refresh, to Revoke and as a credential. */
const SINGLES = 4;
const REFUSALS = ['TOKEN_INVALID', 'INVALID_FIELD'];
const MAX_LENGTH = 8_000;

/**
 * Presents mutants to the service over TLS. What a key of the service's has signed in canonical form
 * is left out: it is a token of the service's by any measure, and would end sessions.
 */
export function createServiceTarget(stage: Stage, random: Random): ServiceTarget {
  const client = stage.server.client(TokenService);
  const report: ServiceReport = { answers: new Map(), wrong: [] };
  let waiting: Presented[] = [];
  const count = (what: string) => report.answers.set(what, (report.answers.get(what) ?? 0) + 1);

  const validate = async (batch: readonly Presented[]) => {
    const items = batch.map(({ token }) => ({ subject: { case: 'token', value: token } as const }));
    const { results } = await client.batchValidate({ items });
    for (const [index, { token, nature, active: expected }] of batch.entries()) {
      const answer = results[index]?.result;
      const verdict = answer?.case === 'response' ? answer.value.verdict : undefined;
      const active = answer?.case === 'response' && answer.value.active;
      count(`Validate ${verdict === undefined ? 'error' : Verdict[verdict]}`);
      if (active !== expected) report.wrong.push(`Validate ${nature} ${token}`);
    }
  };

  const mustRefuse = async (what: string, token: string, call: Promise<unknown>, also = '') => {
    const { reason } = await failureOf(call).catch(() => ({ reason: 'accepted' }));
    count(`${what} ${reason}`);
    if (!REFUSALS.includes(String(reason)) && reason !== also)
      report.wrong.push(`${what} ${token}`);
  };

  const single = async ({ token }: Presented) => {
    await mustRefuse('Refresh', token, client.refresh({ refreshToken: token }));
    await mustRefuse('Revoke', token, client.revoke({ subject: { case: 'token', value: token } }));
    if (!/^[\x21-\x7e]+$/.test(token)) return;
    const asUser = stage.server.client(TokenService, token);
    const device = { tenantId: 'acme', userId: 'ada', deviceId: 'd0' };
    await mustRefuse('credential', token, asUser.getSession({ device }), 'CREDENTIAL_INVALID');
  };

  const flush = async () => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    await validate(batch);
    const forged = batch.filter(({ nature }) => nature === 'forged');
    for (let i = 0; i < Math.min(SINGLES, forged.length); i += 1) await single(random.pick(forged));
  };

  return {
    report,
    async present(mutant) {
      const { token, nature } = mutant;
      // Half of a surrogate pair cannot be sent in a message at all.
      if (nature === 'genuine' || token.length > MAX_LENGTH || !token.isWellFormed()) return;
      waiting.push(mutant);
      if (waiting.length >= BATCH) await flush();
    },
    flush,
  };
}
