import type { Client } from '../connect/client.ts';
import type { HttpAnswer } from '../connect/http-get.ts';

/** One thing to see: what is called, what came back, why it matters, and what must hold. */
export interface Step {
  readonly title: string;
  readonly why: string;
  /** Why it is left out, if it is. */
  readonly skip?: (tour: Tour) => string | undefined;
  readonly run: (tour: Tour) => Promise<Outcome>;
}

export interface Outcome {
  /** The calls, tokens abbreviated. */
  readonly called: readonly string[];
  /** What came back, tokens abbreviated. */
  readonly got: readonly string[];
  readonly checks: readonly Check[];
}

export interface Check {
  /** What must hold, as a sentence. */
  readonly says: string;
  readonly holds: boolean;
}

/** What steps share. */
export interface Tour {
  readonly client: Client;
  /** A client that presents another bearer credential, or none. */
  readonly clientWith: (credential: string | undefined) => Client;
  readonly getJwks: () => Promise<HttpAnswer>;
  readonly now: () => Date;
  readonly tenantId: string;
  /** Made up for this tour, so that no real user is logged out. */
  readonly userId: string;
  readonly options: TourOptions;
  /** What earlier steps leave for later ones. */
  readonly memory: Memory;
}

export interface TourOptions {
  /** How long to wait for the refresh grace window to pass; absent: reuse is not shown. */
  readonly waitForReuseMs?: number | undefined;
  /** Whether a signing key may be added to the ring. */
  readonly rotate: boolean;
}

export interface Memory {
  phone: Pair;
  laptop: Pair;
  /** The pair that the first refresh used up. */
  usedUp: Pair;
  logoutRevision: bigint;
  rotatedKeyId: string;
}

/** One issued or refreshed pair. */
export interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenId: string;
  readonly sessionId: string;
}

export function check(says: string, holds: boolean): Check {
  return { says, holds };
}

/** A token as it may be shown: enough to recognise it, too little to use it. */
export function short(token: string): string {
  return token.length <= 24 ? '…' : `${token.slice(0, 10)}…${token.slice(-6)}`;
}

/** The reason of the error that a call must fail with; undefined if it succeeds. */
export async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  const { explainFailure } = await import('../failure/explain-failure.ts');
  return call.then(
    () => undefined,
    (error: unknown) => explainFailure(error).reason,
  );
}
