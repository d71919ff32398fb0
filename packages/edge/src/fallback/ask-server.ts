import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type Client, ConnectError } from '@connectrpc/connect';
import {
  type BatchValidateResult,
  type TokenService,
  type ValidateResponse,
  Verdict as WireVerdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Demands } from '../core/verifier.ts';
import { endedVerdict, REASONS, refusal, type Verdict, type VerdictName } from '../verdict.ts';

export interface AskOptions {
  readonly client: () => Client<typeof TokenService>;
  /** How long one call may take. */
  readonly timeoutMs: number;
  /** Tokens that may be waiting for an answer, besides those under way; more are not asked for. */
  readonly mostWaiting: number;
  readonly onError: (error: unknown) => void;
}

export interface AskServer {
  /**
   * Asks once for each token and demand, however many want to know. `isStranger`: nothing vouches for
   * the token, and anybody may have made it up; of those few may wait.
   */
  ask(token: string, demands: Demands, isStranger: boolean): Promise<Verdict>;
  readonly waiting: number;
  readonly asked: number;
  /** Tokens that were not asked for because too many were waiting, or the server has just failed. */
  readonly refused: number;
}

/** BatchValidate takes no more. */
const BATCH = 256;
/** Calls at a time: when a server is slow, more would make it slower. */
const MOST_CALLS = 4;
/** For how long nothing is asked after a call has failed. */
const REST_MS = 200;
/** Of those that may wait, strangers may be a sixteenth. */
const STRANGERS = 16;

interface Waiting {
  readonly token: string;
  readonly demands: Demands;
  readonly isStranger: boolean;
  readonly promise: Promise<Verdict>;
  resolve(verdict: Verdict): void;
}

const UNAVAILABLE = refusal('UNAVAILABLE', 'NONE');

export function createAskServer({
  client,
  timeoutMs,
  mostWaiting,
  onError,
}: AskOptions): AskServer {
  /** All that have no answer yet, by token and demands. */
  const open = new Map<string, Waiting>();
  const queue: Waiting[] = [];
  let strangers = 0;
  let calls = 0;
  let restUntilMs = 0;
  let isScheduled = false;
  let asked = 0;
  let refused = 0;

  function schedule(): void {
    if (isScheduled || queue.length === 0 || calls >= MOST_CALLS) return;
    isScheduled = true;
    // Whatever is asked in this turn of the event loop goes together.
    setImmediate(() => {
      isScheduled = false;
      void call(queue.splice(0, BATCH));
      schedule();
    });
  }

  async function call(batch: readonly Waiting[]): Promise<void> {
    calls += 1;
    asked += batch.length;
    try {
      const items = batch.map(({ token, demands }) => ({
        subject: { case: 'token' as const, value: token },
        requiredScopes: [...demands.scopes],
        audience: demands.audience,
      }));
      const { results } = await client().batchValidate({ items }, { timeoutMs });
      for (const [i, each] of batch.entries()) answer(each, verdictOf(results[i]));
    } catch (error) {
      restUntilMs = performance.now() + REST_MS;
      onError(ConnectError.from(error));
      for (const each of batch) answer(each, UNAVAILABLE);
    } finally {
      calls -= 1;
      schedule();
    }
  }

  function answer(each: Waiting, verdict: Verdict): void {
    open.delete(nameOf(each.token, each.demands));
    if (each.isStranger) strangers -= 1;
    each.resolve(verdict);
  }

  return {
    ask(token, demands, isStranger) {
      const name = nameOf(token, demands);
      const found = open.get(name);
      if (found !== undefined) return found.promise;
      const isFull = isStranger
        ? strangers >= mostWaiting / STRANGERS
        : open.size - strangers >= mostWaiting;
      if (isFull || performance.now() < restUntilMs) {
        refused += 1;
        return Promise.resolve(UNAVAILABLE);
      }
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      const waiting = { token, demands, isStranger, promise, resolve };
      if (isStranger) strangers += 1;
      open.set(name, waiting);
      queue.push(waiting);
      schedule();
      return promise;
    },
    get waiting() {
      return open.size;
    },
    get asked() {
      return asked;
    },
    get refused() {
      return refused;
    },
  };
}

/** Scopes have no spaces, and a space ends each part. */
function nameOf(token: string, { scopes, audience }: Demands): string {
  return `${token} ${scopes.join(' ')}\n${audience}`;
}

function verdictOf(result: BatchValidateResult | undefined): Verdict {
  return result?.result.case === 'response' ? readVerdict(result.result.value) : UNAVAILABLE;
}

const NAMES: Readonly<Partial<Record<WireVerdict, VerdictName>>> = {
  [WireVerdict.EXPIRED]: 'EXPIRED',
  [WireVerdict.UNKNOWN]: 'UNKNOWN',
  [WireVerdict.MALFORMED]: 'MALFORMED',
  [WireVerdict.BAD_SIGNATURE]: 'BAD_SIGNATURE',
  [WireVerdict.WRONG_AUDIENCE]: 'WRONG_AUDIENCE',
  [WireVerdict.INSUFFICIENT_SCOPE]: 'INSUFFICIENT_SCOPE',
  [WireVerdict.WRONG_ISSUER]: 'WRONG_ISSUER',
};

function readVerdict(response: ValidateResponse): Verdict {
  const { active, verdict, revocationReason } = response;
  if (verdict === WireVerdict.REVOKED || verdict === WireVerdict.SUPERSEDED) {
    return endedVerdict(REASONS[revocationReason], 'SERVER');
  }
  const { token: ref, issueTime, expireTime } = response;
  const isActive = active && verdict === WireVerdict.ACTIVE && ref && issueTime && expireTime;
  if (!isActive) return refusal(NAMES[verdict] ?? 'OTHER', 'SERVER');
  const { tenantId, userId, deviceId, tokenId } = ref;
  return {
    ...{ active: true, verdict: 'ACTIVE', reason: undefined, source: 'SERVER' },
    token: {
      ...{ tenantId, userId, deviceId, tokenId, sessionId: response.sessionId },
      scopes: response.scopes,
      audiences: response.audiences,
      issuedAt: timestampDate(issueTime),
      expiresAt: timestampDate(expireTime),
      claims: response.claims ?? {},
    },
  };
}
