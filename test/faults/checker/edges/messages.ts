/** A token that edges are to look at. */
export interface Watched {
  readonly id: string;
  readonly token: string;
}

/** What the checker tells an edge. */
export interface ToEdge {
  readonly watch: readonly Watched[];
}

/** What an edge program is started with, as JSON in the variable EDGE. */
export interface EdgeSetup {
  readonly addresses: readonly string[];
  readonly apiKey: string;
  readonly ca: string;
}

/** What an edge tells; moments are of the machine's monotonic clock, in milliseconds. */
export interface FromEdge {
  readonly isLive: boolean;
  /** Verdicts since the report before, and those of them that the server gave. */
  readonly verdicts: number;
  readonly byServer: number;
  readonly accepted: readonly Acceptance[];
  /** Accepted by the server, which was asked then. */
  readonly served: readonly (readonly [id: string, askedMs: number])[];
  /** Said by the edge itself to have ended, not after then. */
  readonly refused: readonly (readonly [id: string, answeredMs: number])[];
}

/**
 * An edge has accepted a token by itself, and has looked at its clock at `atMs` or later. It claims to
 * know everything that was committed up to `knewMs`.
 */
export type Acceptance = readonly [id: string, atMs: number, knewMs: number];

/** An end that was acknowledged: of a token by its id, or of a tenant, `tenant:` and its id. */
export type KnownEnd = readonly [what: string, partition: number];

/** What the checker tells a subscriber. */
export type ToSubscriber =
  /** These have ended for certain: who is told everything has to know them by the next checkpoint. */
  | { readonly ended: readonly KnownEnd[] }
  /** Its plain stream is not read for a while. */
  | { readonly pauseMs: number }
  /** It tells all that it knows, once it has come to these revisions of the partitions. */
  | { readonly report: readonly (readonly [partition: number, revision: number])[] };

export type FromSubscriber =
  | { readonly faults: readonly string[] }
  /** Acknowledged ends that a checkpoint should have brought. */
  | { readonly missed: readonly KnownEnd[] }
  | { readonly checked: number; readonly events: number; readonly resets: number }
  | { readonly report: readonly StreamReport[] };

/** All that was told over one stream, or over those that went on where it ended. */
export interface StreamReport {
  readonly name: string;
  readonly partitions: readonly PartitionReport[];
}

export interface PartitionReport {
  readonly partition: number;
  /** Up to where everything has been told. */
  readonly revision: number;
  /** Ids of ended tokens; those that came as events with their place; and how often each was told. */
  readonly ended: readonly (readonly [
    id: string,
    revision: number,
    entryId: string,
    times: number,
  ])[];
}
