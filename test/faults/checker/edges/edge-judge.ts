import type { HeldToken } from '../held-token.ts';
import type { Judge } from '../judge.ts';
import type { FromEdge } from './messages.ts';
import { ownMs } from './monotonic.ts';

/** What edges have said of a token. */
interface Seen {
  readonly token: HeldToken;
  /** When a fenced revocation of it returned. */
  fencedMs: number;
  acceptedMs: number;
  acceptedBy: string;
  /** An edge that accepted it claimed to know everything up to then. */
  knewMs: number;
  isReported: boolean;
}

const MOST_KEPT = 4_096;

/** Holds the verdicts of edges against what was promised: rules 7 and 8. */
export class EdgeJudge {
  verdicts = 0;
  byServer = 0;
  fences = 0;
  /** Acceptances of tokens that were ended afterwards, so that there was something to find out. */
  ended = 0;
  readonly #judge: Judge;
  readonly #deposedMs: number;
  readonly #seen = new Map<string, Seen>();
  readonly #failovers: { readonly fromMs: number; toMs: number }[] = [];

  /** `deposedMs`: how long a primary that has been replaced may go on answering. */
  constructor(judge: Judge, deposedMs: number) {
    this.#judge = judge;
    this.#deposedMs = deposedMs;
  }

  watch(token: HeldToken): void {
    const seen = { token, fencedMs: Number.POSITIVE_INFINITY, acceptedMs: 0, acceptedBy: '' };
    this.#seen.set(token.id, { ...seen, knewMs: 0, isReported: false });
    for (const id of this.#seen.keys()) {
      if (this.#seen.size <= MOST_KEPT) return;
      this.#seen.delete(id);
    }
  }

  /** A fenced revocation that ends the token has returned. */
  fenced(token: HeldToken, returnedMs: number): void {
    this.fences += 1;
    const seen = this.#seen.get(token.id);
    if (!seen) return;
    if (seen.acceptedMs > 0) this.ended += 1;
    seen.fencedMs = returnedMs;
    this.#look(seen);
  }

  /** From now on, for a while, primaries may be replaced; returns what ends that. */
  beginFailover(): () => void {
    const span = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    this.#failovers.push(span);
    return () => {
      span.toMs = performance.now();
    };
  }

  hear(edge: string, { verdicts, byServer, accepted, served, refused }: FromEdge): void {
    this.verdicts += verdicts;
    this.byServer += byServer;
    for (const [id, atMs, knewMs] of accepted) {
      const seen = this.#seen.get(id);
      if (!seen) continue;
      if (ownMs(atMs) > seen.acceptedMs) {
        seen.acceptedMs = ownMs(atMs);
        seen.acceptedBy = edge;
      }
      seen.knewMs = Math.max(seen.knewMs, ownMs(knewMs));
      this.#look(seen);
    }
    for (const [id, askedMs] of served) {
      const token = this.#tokenOf(id);
      if (token && token.endedMs <= ownMs(askedMs)) {
        this.#judge.violated('a dead token is valid', `${edge} asked the server of ${id}`, token);
      }
    }
    for (const [id, answeredMs] of refused) {
      const token = this.#tokenOf(id);
      if (token && ownMs(answeredMs) < token.mayEndMs) {
        this.#judge.violated('a live token is refused', `${edge} refused ${id} by itself`, token);
      }
    }
  }

  #tokenOf(id: string): HeldToken | undefined {
    const token = this.#seen.get(id)?.token;
    return token && !this.#judge.isExempt(token) ? token : undefined;
  }

  #look(seen: Seen): void {
    const { token, fencedMs, acceptedMs, acceptedBy, knewMs } = seen;
    if (seen.isReported || this.#judge.mayBeUnended(token)) return;
    const tell = (rule: Parameters<Judge['violated']>[0], what: string) => {
      seen.isReported = true;
      this.#judge.violated(rule, `${acceptedBy} accepted ${token.id} ${what}`, token);
    };
    if (acceptedMs > fencedMs) {
      tell(
        'an edge accepts after a fence',
        `${ms(acceptedMs - fencedMs)} after its fence returned`,
      );
    } else if (knewMs > token.endedMs + this.#allowedMs(token.endedMs)) {
      const late = ms(knewMs - token.endedMs);
      tell('an edge is staler than it says', `and knew all until ${late} after its end`);
    }
  }

  /** After a failover, a primary that is not one any more may have vouched for a while. */
  #allowedMs(endedMs: number): number {
    const isNear = this.#failovers.some(
      ({ fromMs, toMs }) => fromMs <= endedMs && endedMs <= toMs + this.#deposedMs,
    );
    return isNear ? this.#deposedMs : 0;
  }
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
