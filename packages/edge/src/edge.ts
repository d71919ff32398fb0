import type { Confirm } from './core/confirm.ts';
import type { ShownKey } from './core/key-proof.ts';
import type { KnownTokens } from './core/known-tokens.ts';
import type { Mirror } from './core/mirror.ts';
import type { Answer, Requirements, Unsure, Verify } from './core/verifier.ts';
import type { AskServer } from './fallback/ask-server.ts';
import type { FeedTrouble } from './feed/follow-feed.ts';
import { type AuthenticationRequirement, stepUp } from './step-up.ts';
import { ActiveVerdict, endedVerdict, REASONS, refusal, type Verdict } from './verdict.ts';

/** How an edge shows its servers who it is. */
export interface EdgeCredentials {
  readonly apiKey?: string | (() => string) | undefined;
  /** Client certificate and key, PEM. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Who signs the servers' certificates, PEM; the system's by default. */
  readonly ca?: string | Buffer | undefined;
}

export interface EdgeOptions {
  /** Where Signum is: `https://host:port` of either listener; of several servers, all. */
  readonly address: string | readonly string[];
  /** A caller with the permissions `watch` and `validate`: by API key or by certificate. */
  readonly credentials: EdgeCredentials;
  /**
   * An audience that tokens must name unless `verify` is told another, 1 to 256 characters; by default any
   * of the deployment's.
   */
  readonly audience?: string | undefined;
  /** Tenants to answer for; all that the caller may see. Of others the server is asked. */
  readonly tenantIds?: readonly string[] | undefined;
  /** Tokens whose signature is remembered, 1 to 16,777,216; default 131,072, of about 900 bytes each. */
  readonly maxTokens?: number | undefined;
  /** Tokens that may wait for the server's answer, 1 to 16,777,216; default 4,096. More are UNAVAILABLE. */
  readonly maxWaiting?: number | undefined;
  /** How long the server may take to answer, in milliseconds; default 2,000. */
  readonly askTimeoutMs?: number | undefined;
  /** How long `connectEdge` waits until the edge can answer by itself; default 10,000 ms. */
  readonly waitMs?: number | undefined;
  /**
   * What to say when the lease is over and no server answers. `DENY`, the default: UNAVAILABLE, and not active.
   * `ACCEPT`: what was known last, for `staleForMs` after the end of the lease. **A token that has ended
   * meanwhile is accepted for so long, and a fenced revocation does not wait for it.**
   */
  readonly onStale?: 'DENY' | 'ACCEPT' | undefined;
  /** With `ACCEPT`, and required there: 1 to 86,400,000 ms. */
  readonly staleForMs?: number | undefined;
  /**
   * Who sees to it that a DPoP proof is used once. `SERVER`, the default: the server is asked for each, so
   * that no proof is good twice, at whichever edge or server. `EDGE`: this edge remembers those it has
   * taken and asks nobody; at another edge, or after a restart, a proof is good again until it is too
   * old. Not for deployments that require a nonce of the server's.
   */
  readonly proofReplay?: 'SERVER' | 'EDGE' | undefined;
  /** With `EDGE`: how long a proof is good, as the deployment has it; default 60,000 ms. */
  readonly proofLifetimeMs?: number | undefined;
  /** Answers by the server alone and counts where the edge would have answered otherwise. */
  readonly shadow?: boolean | undefined;
  /** Told of what went wrong, and is tried again or not. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** What a token must satisfy. */
export interface VerifyOptions extends AuthenticationRequirement {
  /** Scopes that it must all have. */
  readonly scopes?: readonly string[] | undefined;
  /** An audience, or several, that it must all name, instead of the edge's. */
  readonly audience?: string | readonly string[] | undefined;
  /**
   * What the client has shown of the key that its token is bound to. `dpop`: the header `DPoP` of a request
   * whose token came under the scheme `DPoP`, empty if there was none, and undefined under `Bearer`. A
   * bound token without it is refused, and so is an unbound token with it.
   */
  readonly proof?: ShownKey | undefined;
}

/**
 * LIVE: answers by itself. STALE: what is known is too old, in part or as a whole; the server is asked.
 * RESYNC: not everything is known (yet); the server is asked. CLOSED: answers nothing.
 */
export type EdgeState = 'LIVE' | 'STALE' | 'RESYNC' | 'CLOSED';

export interface EdgeMetrics {
  /** Verdicts by who gave them. */
  readonly answered: Readonly<Record<Verdict['source'], number>>;
  /** Why the server was asked. */
  readonly unsure: Readonly<Record<Unsure, number>>;
  /** What happened to the feed. */
  readonly feed: Readonly<Record<FeedTrouble['event'], number>>;
  /** In shadow mode: answers that differed from the server's, twice in a row. */
  readonly disagreements: number;
  readonly knownTokens: number;
  readonly endedTokens: number;
  readonly watermarks: number;
  /** Tokens waiting for the server's answer. */
  readonly waiting: number;
  /** Tokens that were not asked for, because too many were waiting or the server had just failed. */
  readonly refused: number;
  readonly stalenessMs: number;
}

export interface Edge {
  /**
   * Whether a token is good: at once when the edge is certain, else as soon as the server has said so.
   * Never throws and never rejects; what nobody can answer is UNAVAILABLE, and not active.
   */
  verify(token: string, options?: VerifyOptions): Verdict | Promise<Verdict>;
  /**
   * How old the state is that it answers from, in milliseconds; Infinity if it answers from none. A
   * token that ended longer ago is not accepted (a failover of Redis can add to it: see the guide).
   */
  staleness(): number;
  readonly state: EdgeState;
  /** What went wrong last, for people. */
  readonly lastError: unknown;
  metrics(): EdgeMetrics;
  /**
   * Shows other credentials from now on, and trusts other authorities: what has been replaced on disk, for
   * instance. The feed goes on over a new connection, and the lease holds meanwhile.
   */
  useCredentials(credentials: EdgeCredentials): void;
  /** Ends its connections. It answers nothing from then on. */
  close(): Promise<void>;
}

function listOf(names: string | readonly string[]): readonly string[] {
  if (typeof names !== 'string') return names;
  return names === '' ? [] : [names];
}

export interface EdgeDeps {
  readonly mirror: Mirror;
  readonly known: KnownTokens;
  readonly verify: Verify;
  readonly server: AskServer;
  readonly confirm: Confirm;
  readonly options: Pick<EdgeOptions, 'audience' | 'shadow' | 'onStale' | 'staleForMs'>;
  readonly counts: Readonly<Record<FeedTrouble['event'], number>>;
  readonly isClosed: () => boolean;
  readonly lastError: () => unknown;
  /** The latest that it can be for the store; this machine's clock if the store's is not known. */
  readonly storeNowMs: () => number;
  useCredentials(credentials: EdgeCredentials): void;
  close(): Promise<void>;
}

const CLOSED = refusal('UNAVAILABLE', 'NONE');
const NO_SCOPES: readonly string[] = [];

export function createEdge(deps: EdgeDeps): Edge {
  const { mirror, known, verify, server, options, counts } = deps;
  const audiences = listOf(options.audience ?? []);
  const noRequirements: Requirements = { scopes: NO_SCOPES, audiences };
  const answered = { EDGE: 0, SERVER: 0, STALE: 0, NONE: 0 };
  const graceMs = options.onStale === 'ACCEPT' ? (options.staleForMs ?? 0) : 0;
  const unsure = { STALE: 0, WATERMARK: 0, LOSS: 0, EXPIRY: 0, TENANT: 0, KEY: 0, PROOF: 0 };
  let disagreements = 0;

  function requirementsOf(wanted: VerifyOptions | undefined): Requirements {
    if (wanted === undefined) return noRequirements;
    const { scopes = NO_SCOPES, audience, proof } = wanted;
    return { scopes, audiences: audience === undefined ? audiences : listOf(audience), proof };
  }

  /** What the edge says by itself; undefined if it is not certain. */
  function own(token: string, answer: Answer): Verdict | undefined {
    switch (answer.answer) {
      case 'ACTIVE':
        return new ActiveVerdict(token);
      case 'REFUSED':
        return refusal(answer.fault, 'EDGE');
      case 'ENDED':
        return endedVerdict(REASONS[answer.reason], 'EDGE');
      case 'UNSURE':
        return undefined;
    }
  }

  /** What was known last, if nobody can answer and that is to count. */
  function outdated(
    token: string,
    requirements: Requirements,
    { source }: Verdict,
  ): Verdict | undefined {
    if (source !== 'NONE' || deps.isClosed()) return undefined;
    const known = own(token, verify(token, requirements, graceMs));
    if (known === undefined) return undefined;
    if (!known.active) return { ...known, source: 'STALE' };
    const { active, verdict, reason, token: told } = known;
    return { active, verdict, reason, source: 'STALE', token: told };
  }

  async function ask(token: string, requirements: Requirements, answer: Answer): Promise<Verdict> {
    const why = answer.answer === 'UNSURE' ? answer.why : undefined;
    if (why !== undefined) unsure[why] += 1;
    // Before it is asked: what is told meanwhile is not confirmed.
    const confirmed = deps.confirm(token);
    const asked = await server.ask(token, requirements, why === 'KEY');
    if (asked.active && asked.source === 'SERVER') confirmed();
    const verdict = (graceMs > 0 && outdated(token, requirements, asked)) || asked;
    answered[verdict.source] += 1;
    return verdict;
  }

  async function shadow(token: string, requirements: Requirements): Promise<Verdict> {
    const before = verify(token, requirements);
    const verdict = await ask(token, requirements, before);
    const said = own(token, before);
    // What ended in between is no disagreement: it must be one before and after.
    const after = own(token, verify(token, requirements));
    const differs = (one: Verdict | undefined) =>
      one !== undefined && one.active !== verdict.active;
    if (verdict.source === 'SERVER' && differs(said) && differs(after)) disagreements += 1;
    return verdict;
  }

  const state = (): EdgeState => {
    if (deps.isClosed()) return 'CLOSED';
    const { deployment, lease, ready } = mirror;
    if (deployment === undefined || ready < deployment.partitions) return 'RESYNC';
    return lease?.held() === deployment.partitions ? 'LIVE' : 'STALE';
  };
  const staleness = () => mirror.lease?.stalenessMs(graceMs) ?? Number.POSITIVE_INFINITY;

  function judge(token: string, wanted: VerifyOptions | undefined): Verdict | Promise<Verdict> {
    if (deps.isClosed()) return CLOSED;
    if (typeof token !== 'string') return refusal('MALFORMED', 'EDGE');
    const requirements = requirementsOf(wanted);
    if (options.shadow === true) return shadow(token, requirements);
    const answer = verify(token, requirements);
    const verdict = own(token, answer);
    if (verdict === undefined) return ask(token, requirements, answer);
    answered.EDGE += 1;
    return verdict;
  }

  return {
    verify(token, wanted) {
      const verdict = judge(token, wanted);
      if (wanted?.acrValues === undefined && wanted?.maxAgeS === undefined) return verdict;
      if (!(verdict instanceof Promise)) return stepUp(verdict, wanted, deps.storeNowMs);
      return verdict.then((told) => stepUp(told, wanted, deps.storeNowMs));
    },
    staleness,
    get state() {
      return state();
    },
    get lastError() {
      return deps.lastError();
    },
    metrics: () => ({
      ...{ answered: { ...answered }, unsure: { ...unsure }, feed: { ...counts }, disagreements },
      ...{ knownTokens: known.size, endedTokens: mirror.ended.size },
      watermarks: mirror.watermarks.size,
      ...{ waiting: server.waiting, refused: server.refused },
      stalenessMs: staleness(),
    }),
    useCredentials: deps.useCredentials,
    close: deps.close,
  };
}
