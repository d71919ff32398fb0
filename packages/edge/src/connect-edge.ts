import { createClient } from '@connectrpc/connect';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { createProofCheck } from '@signum/token';
import { checkOptions } from './check-options.ts';
import { MACHINE_CLOCK } from './core/clock.ts';
import { createConfirm } from './core/confirm.ts';
import { createJudgeKey, type JudgeKey } from './core/key-proof.ts';
import { createKnownTokens } from './core/known-tokens.ts';
import { createMirror, type Deployment } from './core/mirror.ts';
import { createUsedProofs } from './core/used-proofs.ts';
import { createVerifier, type ReadToken } from './core/verifier.ts';
import type { Edge, EdgeOptions } from './edge.ts';
import { createEdge } from './edge.ts';
import { permanentFault } from './edge-error.ts';
import { createAskServer } from './fallback/ask-server.ts';
import { type FeedTrouble, followFeed } from './feed/follow-feed.ts';
import { type KeySet, keepsKeysOf, readKeySet } from './key-set.ts';
import { createTokenReader } from './read-token.ts';
import { openTransports } from './transport.ts';

const DEFAULTS = {
  maxTokens: 131_072,
  maxWaiting: 4_096,
  askTimeoutMs: 2_000,
  waitMs: 10_000,
  proofLifetimeMs: 60_000,
};
/** DPoP proofs that are remembered, of about 200 bytes each. */
const MOST_PROOFS = 131_072;
const TIDY_MS = 1_000;

/**
 * Connects an edge verifier to Signum and waits until it can answer by itself. If no server can be
 * reached within `waitMs` it is returned all the same: it asks until it has caught up.
 *
 * @throws EdgeError if it cannot work as it is set up: credentials, permissions, address, options
 */
export async function connectEdge(options: EdgeOptions): Promise<Edge> {
  checkOptions(options);
  const transports = openTransports(options);
  const clock = MACHINE_CLOCK;
  const counts = newCounts();
  let keys: KeySet = new Map();
  let readToken: ReadToken = () => ({ unsure: 'KEY' });
  let judgeKey: JudgeKey = () => 'UNSURE';
  let isClosed = false;
  /** Whether the feed's connection is ended on purpose, to be made anew. */
  let isReplacing = false;
  let lastError: unknown;

  const known = createKnownTokens({ maxTokens: options.maxTokens ?? DEFAULTS.maxTokens });
  const mirror = createMirror({
    clock,
    onDeployment: (deployment) => {
      known.clear();
      judgeKey = judgeKeyOf(deployment);
      readToken = createTokenReader(deployment, () => keys);
    },
    onKeys: (jwksJson) => {
      const next = readKeySet(jwksJson);
      if (!keepsKeysOf(keys, next)) known.clear();
      keys = next;
    },
  });
  const verify = createVerifier({
    ...{ clock, mirror, known },
    readToken: (token) => readToken(token),
    hasKey: (keyId) => keys.has(keyId),
    judgeKey: (token, confirmation, shown) => judgeKey(token, confirmation, shown),
  });
  const server = createAskServer({
    client: () => createClient(TokenService, transports.calls()),
    timeoutMs: options.askTimeoutMs ?? DEFAULTS.askTimeoutMs,
    mostWaiting: options.maxWaiting ?? DEFAULTS.maxWaiting,
    onError: (error) => failed(error),
  });

  const live = Promise.withResolvers<void>();
  const follower = followFeed({
    mirror,
    client: () => createClient(FeedService, transports.feed()),
    tenantIds: options.tenantIds ?? [],
    random: Math.random,
    onEvent: (trouble) => noteTrouble(trouble),
    onApplied: () => {
      if (edge.state === 'LIVE') live.resolve();
    },
  });
  const tidying = setInterval(() => {
    mirror.tidy();
    const nowMs = mirror.storeTime.earliestMs(clock.monotonicMs());
    if (nowMs > 0) known.forgetExpired(Math.floor(nowMs / 1_000));
  }, TIDY_MS).unref();

  function judgeKeyOf({ clockSkewMs }: Deployment): JudgeKey {
    const { proofReplay = 'SERVER', proofLifetimeMs = DEFAULTS.proofLifetimeMs } = options;
    const window = { ageS: proofLifetimeMs / 1_000, skewS: clockSkewMs / 1_000 };
    const use = createUsedProofs({
      storeTime: mirror.storeTime,
      monotonicMs: clock.monotonicMs,
      most: MOST_PROOFS,
    });
    return createJudgeKey(createProofCheck(window), proofReplay === 'EDGE' ? use : () => 'UNSURE');
  }

  function noteTrouble(trouble: FeedTrouble): void {
    counts[trouble.event] += 1;
    if (trouble.event !== 'CONNECTED' && trouble.event !== 'DISCONNECTED') return;
    const isTrouble = trouble.event === 'DISCONNECTED' && !isReplacing;
    isReplacing = false;
    if (!isTrouble) return;
    transports.next();
    failed(trouble.error);
  }

  function failed(error: unknown): void {
    lastError = error;
    const fault = permanentFault(error);
    if (fault !== undefined) live.reject(fault);
    options.onError?.(fault ?? error);
  }

  const edge = createEdge({
    ...{ mirror, known, verify, server, options, counts },
    confirm: createConfirm({ clock, mirror, known }),
    isClosed: () => isClosed,
    lastError: () => lastError,
    storeNowMs: () => {
      const latestMs = mirror.storeTime.latestMs(clock.monotonicMs());
      return Number.isFinite(latestMs) ? latestMs : clock.wallMs();
    },
    useCredentials(credentials) {
      isReplacing = true;
      transports.useCredentials(credentials);
    },
    close: async () => {
      isClosed = true;
      clearInterval(tidying);
      mirror.forget();
      known.clear();
      follower.close();
      await follower.ended;
      transports.close();
    },
  });
  try {
    await Promise.race([live.promise, elapsed(options.waitMs ?? DEFAULTS.waitMs)]);
  } catch (error) {
    await edge.close();
    throw error;
  }
  return edge;
}

function newCounts(): Record<FeedTrouble['event'], number> {
  return { CONNECTED: 0, DISCONNECTED: 0, BROKEN: 0, RESET: 0, CLOCKS_MOVED_APART: 0 };
}

function elapsed(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs).unref();
  });
}
