import type { Outcome } from './call.ts';
import type { HeldToken } from './held-token.ts';

export type Rule =
  | 'a dead token is valid'
  | 'a live token is refused'
  | 'one refresh, two successors'
  | 'a verdict from a primary without replicas'
  | 'full memory stops more than new sessions'
  | 'an answer that none may get'
  | 'a call without an answer'
  | 'a call that settles late'
  | 'an effect twice'
  | 'an edge accepts after a fence'
  | 'an edge is staler than it says'
  | 'an edge does not come back'
  | 'a subscriber misses or repeats';

export interface Violation {
  readonly rule: Rule;
  readonly what: string;
  readonly story: readonly string[];
}

/** What a topology promises. */
export interface Promises {
  /** No write that was answered is ever lost; elsewhere, only those that replicas hold. */
  readonly keepsEverything: boolean;
}

const STORY_LENGTH = 40;
const MAX_VIOLATIONS = 50;

/**
 * Holds answers against what was promised. Revocation is a latch: once an answer shows a token dead,
 * no call that begins later may show it alive.
 */
export class Judge {
  readonly violations: Violation[] = [];
  validatesAfterEnd = 0;
  validates = 0;
  /** When what Redis had answered may have been lost. */
  readonly #losses: { readonly fromMs: number; toMs: number }[] = [];
  readonly #promises: Promises;
  readonly #byDevice = new Map<string, HeldToken[]>();
  readonly #successors = new Map<string, Set<string>>();
  readonly #silences: { readonly fromMs: number; toMs: number }[] = [];
  readonly #exempt = new WeakSet<HeldToken>();
  /** Of those, the ones whose end may have been lost. */
  readonly #unended = new WeakSet<HeldToken>();

  constructor(promises: Promises) {
    this.#promises = promises;
  }

  /** `before` is what was held of the device when the call began. */
  issued(token: HeldToken, outcome: Outcome, before: readonly HeldToken[]): void {
    this.#touch(token);
    tell(token, `issued ${at(outcome.invokedMs)}–${at(outcome.returnedMs)}`);
    if (this.#promises.keepsEverything) {
      for (const other of before) this.ended(other, outcome.returnedMs, `${token.id} was issued`);
    }
    this.#byDevice.set(token.deviceKey, [
      ...(this.#byDevice.get(token.deviceKey) ?? []).slice(-7),
      token,
    ]);
  }

  /** A client is about to do what may end the token. */
  mayEnd(token: HeldToken, what: string): void {
    const nowMs = performance.now();
    this.#touch(token);
    if (this.isLosing) this.#unended.add(token);
    token.mayEndMs = Math.min(token.mayEndMs, nowMs);
    tell(token, `${what} ${at(nowMs)}`);
  }

  /** An answer that the topology stands for has said that it is dead. */
  ended(token: HeldToken, returnedMs: number, why: string): void {
    this.#touch(token);
    if (this.isLosing) this.#unended.add(token);
    if (token.endedMs <= returnedMs) return;
    // Whoever waits for edges may have been answered by Redis before the loss, and return after it.
    if (this.#losses.some(({ fromMs, toMs }) => token.mayEndMs <= toMs && fromMs <= returnedMs)) {
      this.#exempt.add(token);
      this.#unended.add(token);
    }
    token.endedMs = returnedMs;
    tell(token, `dead: ${why} ${at(returnedMs)}`);
  }

  validated(token: HeldToken, verdict: string, outcome: Outcome, how: string): void {
    const { invokedMs, returnedMs } = outcome;
    this.validates += 1;
    if (this.isExempt(token)) return;
    const isAfterEnd = token.endedMs <= invokedMs;
    if (isAfterEnd) this.validatesAfterEnd += 1;
    const line = `${how}: ${verdict} ${at(invokedMs)}–${at(returnedMs)}`;
    if (verdict === 'VERDICT_ACTIVE') {
      tell(token, line);
      if (isAfterEnd) this.violated('a dead token is valid', line, token);
      this.#checkAlone(token, outcome);
      this.#checkSilences(token, outcome);
      token.validMs = Math.max(token.validMs, returnedMs);
      return;
    }
    if (!isAfterEnd) tell(token, line);
    if (returnedMs < token.mayEndMs && this.#isFalse(verdict)) {
      this.violated('a live token is refused', line, token);
    }
    if (this.#promises.keepsEverything && verdict !== 'VERDICT_BAD_SIGNATURE') {
      this.ended(token, returnedMs, `was seen ${verdict}`);
    }
  }

  refreshed(from: HeldToken, successor: HeldToken, outcome: Outcome): void {
    this.#touch(from);
    if (this.isExempt(from)) return;
    tell(from, `refreshed to ${successor.id} ${at(outcome.returnedMs)}`);
    const key = `${from.sessionId}:${from.generation}`;
    const successors = this.#successors.get(key) ?? new Set<string>();
    this.#successors.set(key, successors.add(successor.id));
    if (!this.#promises.keepsEverything) return;
    this.ended(from, outcome.returnedMs, 'rotated');
    if (successors.size > 1) {
      this.violated('one refresh, two successors', [...successors].join(' '), from);
    }
  }

  /** From now on, for a while, no server can be sure of anything; returns what ends that. */
  beginSilence(): () => void {
    const silence = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    this.#silences.push(silence);
    return () => {
      silence.toMs = performance.now();
    };
  }

  /** From now on, for a while, what is answered may be lost; returns what ends that. */
  beginLoss(): () => void {
    const loss = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    this.#losses.push(loss);
    return () => {
      loss.toMs = performance.now();
    };
  }

  /** What Redis answers may be lost at the moment: nothing is promised of what is touched now. */
  get isLosing(): boolean {
    return this.#losses.some(({ toMs }) => toMs === Number.POSITIVE_INFINITY);
  }

  /** Whether what became of a token may have been lost. */
  isExempt(token: HeldToken): boolean {
    return this.#exempt.has(token);
  }

  /**
   * Whether the end of a token may have been lost. One whose session was lost, and which was ended after that,
   * stays ended.
   */
  mayBeUnended(token: HeldToken): boolean {
    return this.#unended.has(token);
  }

  #touch(token: HeldToken): void {
    if (this.isLosing) this.#exempt.add(token);
  }

  hasFound(rule: Rule): boolean {
    return this.violations.some((violation) => violation.rule === rule);
  }

  violated(rule: Rule, what: string, token?: HeldToken): void {
    if (this.violations.length >= MAX_VIOLATIONS) return;
    const story = token ? [`token ${token.id}`, ...token.story] : [];
    this.violations.push({ rule, what, story });
  }

  /** Where writes may be lost in a failover, a token may be unknown; it is never said to be revoked. */
  #isFalse(verdict: string): boolean {
    return this.#promises.keepsEverything || verdict !== 'VERDICT_UNKNOWN';
  }

  /** Two tokens of a device are never valid in turns. */
  #checkAlone(token: HeldToken, { invokedMs, returnedMs }: Outcome): void {
    for (const other of this.#byDevice.get(token.deviceKey) ?? []) {
      if (other === token || other.validMs >= invokedMs || other.validMs === 0) continue;
      // The other was valid before this one was: its time is over.
      if (this.#promises.keepsEverything)
        this.ended(other, returnedMs, `${token.id} was seen valid`);
      else if (token.validMs > 0 && token.validMs < other.validMs) {
        // Lost and come back once is a failover's doing; it cannot be the other's turn again.
        this.ended(other, returnedMs, `${token.id} was seen valid before and after`);
      }
    }
  }

  #checkSilences(token: HeldToken, { invokedMs, returnedMs }: Outcome): void {
    const silence = this.#silences.find(
      ({ fromMs, toMs }) => fromMs <= invokedMs && returnedMs <= toMs,
    );
    if (silence) {
      this.violated('a verdict from a primary without replicas', at(returnedMs), token);
    }
  }
}

function tell(token: HeldToken, line: string): void {
  token.story.push(line);
  if (token.story.length > STORY_LENGTH) token.story.splice(1, 1);
}

function at(ms: number): string {
  return `@${(ms / 1000).toFixed(3)}s`;
}
