import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type Client, Code, ConnectError } from '@connectrpc/connect';
import {
  type BatchValidateResult,
  type TokenService,
  type ValidateResponse,
  Verdict as WireVerdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { ShownKey } from '../core/key-proof.ts';
import type { Requirements } from '../core/verifier.ts';
import { endedVerdict, REASONS, type Refusal, refusal, type Verdict } from '../verdict.ts';

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
   * Asks once for each token, audience and proof, however many want to know before the question is sent; who
   * comes later is not answered by it, because the token may have ended in between. `isStranger`: nothing
   * vouches for the token, and anybody may have made it up; of those few may wait.
   */
  ask(token: string, requirements: Requirements, isStranger: boolean): Promise<Verdict>;
  readonly waiting: number;
  readonly asked: number;
  /** Tokens that were not asked for because too many were waiting, or the server has just failed. */
  readonly refused: number;
}

/** BatchValidate takes no more. */
const BATCH = 256;
/** Characters of all that is asked in one call: far less than a server takes. */
const BATCH_LENGTH = 1_000_000;
/** What a KeyProof takes of a proof and of a URI. */
const MAX_PROOF_LENGTH = 4_096;
const MAX_URI_LENGTH = 8_192;
const MAX_METHOD_LENGTH = 64;
/** A proof that is none: an empty one would pass for no proof at all. */
const NO_PROOF = '-';
/** Calls at a time: when a server is slow, more would make it slower. */
const MOST_CALLS = 4;
/** For how long nothing is asked after a call has failed. */
const REST_MS = 200;
/** Of those that may wait, strangers may be a sixteenth. */
const STRANGERS = 16;

interface Waiting {
  readonly name: string;
  readonly token: string;
  readonly requirements: Requirements;
  readonly isStranger: boolean;
  readonly promise: Promise<Verdict>;
  resolve(verdict: Verdict): void;
}

/** As google.rpc.Status has it. */
const FORBIDDEN: number = Code.PermissionDenied;

const UNAVAILABLE = refusal('UNAVAILABLE', 'NONE');

export function createAskServer({
  client,
  timeoutMs,
  mostWaiting,
  onError,
}: AskOptions): AskServer {
  /** Those that have not been sent yet, by token and requirements. */
  const unsent = new Map<string, Waiting>();
  const queue: Waiting[] = [];
  /** How many have no answer yet, and how many of them are strangers. */
  let open = 0;
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
      void call(nextBatch());
      schedule();
    });
  }

  /** Of those that wait, as many as go into one call. */
  function nextBatch(): Waiting[] {
    let length = 0;
    let count = 0;
    for (const { name } of queue) {
      length += name.length;
      if (count > 0 && (count >= BATCH || length > BATCH_LENGTH)) break;
      count += 1;
    }
    return queue.splice(0, count);
  }

  async function call(batch: readonly Waiting[]): Promise<void> {
    calls += 1;
    asked += batch.length;
    for (const { name } of batch) unsent.delete(name);
    try {
      const items = batch.map(({ token, requirements }) => ({
        subject: { case: 'token' as const, value: token },
        audience: requirements.audiences[0] ?? '',
        ...(requirements.proof && { proof: keyProofOf(requirements.proof) }),
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
    open -= 1;
    if (each.isStranger) strangers -= 1;
    each.resolve(verdict);
  }

  return {
    ask(token, requirements, isStranger) {
      const name = nameOf(token, requirements);
      // A proof is good once: whoever shows it again is to be asked about again.
      const isShared = requirements.proof?.dpop === undefined;
      const found = isShared ? unsent.get(name) : undefined;
      if (found !== undefined) return found.promise.then(meeting(requirements));
      const isFull = isStranger
        ? strangers >= mostWaiting / STRANGERS
        : open - strangers >= mostWaiting;
      if (isFull || performance.now() < restUntilMs) {
        refused += 1;
        return Promise.resolve(UNAVAILABLE);
      }
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      const waiting = { name, token, requirements, isStranger, promise, resolve };
      if (isStranger) strangers += 1;
      open += 1;
      if (isShared) unsent.set(name, waiting);
      queue.push(waiting);
      schedule();
      return promise.then(meeting(requirements));
    },
    get waiting() {
      return open;
    },
    get asked() {
      return asked;
    },
    get refused() {
      return refused;
    },
  };
}

/** What is asked of the server. Whether the other requirements are met is seen from what it answers. */
function nameOf(token: string, { audiences: [audience = ''], proof }: Requirements): string {
  return JSON.stringify([token, audience, proof && Object.values(keyProofOf(proof))]);
}

/** What is longer than a server reads cannot be good, and is not to spoil the call for others. */
function keyProofOf({ dpop, method, url, certificateThumbprint = '' }: ShownKey) {
  // Without a proof it is the same question, whatever the request.
  if (dpop === undefined) return { dpop: '', method: '', uri: '', certificateThumbprint };
  const fits = (text: string, most: number) => Buffer.byteLength(text) <= most;
  const isOne = dpop !== '' && fits(dpop, MAX_PROOF_LENGTH) && fits(method, MAX_METHOD_LENGTH);
  return {
    dpop: isOne ? dpop : NO_PROOF,
    method: isOne ? method : '',
    uri: isOne && fits(url, MAX_URI_LENGTH) ? url : '',
    certificateThumbprint,
  };
}

/** A good token's verdict for somebody who requires more of it than the server was asked for. */
function meeting({ scopes, audiences }: Requirements): (verdict: Verdict) => Verdict {
  if (scopes.length === 0 && audiences.length <= 1) return (verdict) => verdict;
  return (verdict) => {
    if (!verdict.active) return verdict;
    const { token, source } = verdict;
    const isNamed = audiences.every((name) => token.audiences.includes(name));
    if (!isNamed) return refusal('WRONG_AUDIENCE', source);
    const hasAll = scopes.every((scope) => token.scopes.includes(scope));
    return hasAll ? verdict : refusal('INSUFFICIENT_SCOPE', source);
  };
}

function verdictOf(result: BatchValidateResult | undefined): Verdict {
  if (result?.result.case === 'response') return readVerdict(result.result.value);
  const isForbidden = result?.result.case === 'error' && result.result.value.code === FORBIDDEN;
  // Of a tenant that this caller is not there for: as good here as a token of another service.
  return isForbidden ? refusal('UNKNOWN', 'SERVER') : UNAVAILABLE;
}

const NAMES: Readonly<Partial<Record<WireVerdict, Refusal['verdict']>>> = {
  [WireVerdict.EXPIRED]: 'EXPIRED',
  [WireVerdict.UNKNOWN]: 'UNKNOWN',
  [WireVerdict.MALFORMED]: 'MALFORMED',
  [WireVerdict.BAD_SIGNATURE]: 'BAD_SIGNATURE',
  [WireVerdict.WRONG_AUDIENCE]: 'WRONG_AUDIENCE',
  [WireVerdict.INSUFFICIENT_SCOPE]: 'INSUFFICIENT_SCOPE',
  [WireVerdict.WRONG_ISSUER]: 'WRONG_ISSUER',
  [WireVerdict.KEY_PROOF_REQUIRED]: 'KEY_PROOF_REQUIRED',
  [WireVerdict.KEY_PROOF_INVALID]: 'KEY_PROOF_INVALID',
  [WireVerdict.KEY_PROOF_NONCE]: 'KEY_PROOF_NONCE',
};

function readVerdict(response: ValidateResponse): Verdict {
  const { active, verdict, revocationReason } = response;
  if (verdict === WireVerdict.REVOKED || verdict === WireVerdict.SUPERSEDED) {
    return endedVerdict(REASONS[revocationReason], 'SERVER');
  }
  const { token: ref, issueTime, expireTime } = response;
  const isActive = active && verdict === WireVerdict.ACTIVE && ref && issueTime && expireTime;
  if (!isActive) {
    const refused = refusal(NAMES[verdict] ?? 'OTHER', 'SERVER');
    return response.dpopNonce === '' ? refused : { ...refused, nonce: response.dpopNonce };
  }
  const { tenantId, userId, deviceId, tokenId } = ref;
  const { authTime, acr } = response;
  return {
    ...{ active: true, verdict: 'ACTIVE', reason: undefined, source: 'SERVER' },
    token: {
      ...{ tenantId, userId, deviceId, tokenId, sessionId: response.sessionId },
      scopes: response.scopes,
      audiences: response.audiences,
      issuedAt: timestampDate(issueTime),
      expiresAt: timestampDate(expireTime),
      ...(authTime && { authTime: timestampDate(authTime) }),
      ...(acr !== '' && { acr }),
      claims: response.claims ?? {},
    },
  };
}
