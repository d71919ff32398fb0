import type { Reason } from '../domain/errors.ts';
import type { Verdict } from '../domain/verdict.ts';

/** A call that has been answered. */
export interface ObservedCall {
  /** Full method name, such as `signum.v1.TokenService/Issue`. */
  readonly method: string;
  /** The canonical code as gRPC spells it, such as `OK` or `UNAVAILABLE`. */
  readonly code: string;
  /** Why it failed; absent with `OK`. */
  readonly reason?: Reason | undefined;
  /** From the first byte of the request known to the server up to the answer, in milliseconds. */
  readonly ms: number;
}

/** What happens to sessions. */
export type SessionEvent = 'issued' | 'superseded' | 'refreshed' | 'reused' | 'revoked' | 'swept';

/** Things that age: a number that grows without end means that something has stopped. */
export type Age = 'signing_key' | 'key_ring_read' | 'callers_read';

/** Certificates that end: the server's own, and those of the authorities of its clients. */
export type Expiring = 'server' | 'client_authorities';

/** Who follows the feed of ended tokens, and who waits for them. */
export interface FeedCounts {
  readonly subscribers: number;
  /** Edges that may be answering by themselves. */
  readonly edges: number;
  /** Revocations that wait for them. */
  readonly fences: number;
}

/** Counts and times calls, at the server and at `signum edge`. Never told who made them. */
export interface CallTelemetry {
  observe(call: ObservedCall): void;
  verdict(verdict: Verdict): void;
  /** Publishes when a certificate ends, in milliseconds since the epoch; read when metrics are collected. */
  watchExpiry(what: Expiring, readMs: () => number | undefined): void;
  /** Publishes how many calls are being carried out; read when metrics are collected. */
  watchInFlight(read: () => number): void;
}

/** Counts what a server does besides. Never told who it was done to. */
export interface Telemetry extends CallTelemetry {
  /** `count` sessions, 1 by default. */
  session(event: SessionEvent, count?: number): void;
  /** `count` audit events could not be written. */
  auditDropped(count: number): void;
  /** Publishes an age, in milliseconds; read when metrics are collected. */
  watchAge(what: Age, readMs: () => number | undefined): void;
  /** Publishes who follows the feed; read when metrics are collected. */
  watchFeed(read: () => FeedCounts): void;
}
