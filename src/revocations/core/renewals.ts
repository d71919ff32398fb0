/** What has to be done next for the renewals that have come. */
export type RenewalStep =
  /** Write this server's entry into the lease table. */
  | { readonly step: 'REGISTER'; readonly round: number }
  /** Only now ask every primary for a marker. */
  | { readonly step: 'CHECKPOINT'; readonly round: number }
  /** Queue a checkpoint for each subscriber, with the renewal that it answers. */
  | { readonly step: 'GRANT'; readonly renewals: ReadonlyMap<string, number> };

/**
 * The order in which leases are granted: registered first, then a checkpoint is read, then it is
 * sent. So whoever reads the table after a commit finds every edge whose checkpoint may be older.
 * One round serves all renewals that came before it began, and rounds do not overlap.
 */
export interface Renewals {
  /** An edge asks. */
  asked(edge: string, renewal: number): void;
  /** Its connection has ended. */
  left(edge: string): void;
  /** Begins a round if somebody has asked and none is under way. */
  begin(): RenewalStep | undefined;
  /** The entry of this round is in the table, confirmed by its primary. */
  registered(round: number): RenewalStep | undefined;
  /** The markers have come, after everything that was committed before they were asked for. */
  checkpointed(round: number): RenewalStep | undefined;
  /** Something failed: what was asked for is asked for again by the next round. */
  failed(round: number): void;
}

export function createRenewals(): Renewals {
  let waiting = new Map<string, number>();
  let served = new Map<string, number>();
  let round = 0;
  let stage: 'IDLE' | 'REGISTERING' | 'CHECKPOINTING' = 'IDLE';

  return {
    asked(edge, renewal) {
      waiting.set(edge, renewal);
    },
    left(edge) {
      waiting.delete(edge);
      served.delete(edge);
    },
    begin() {
      if (stage !== 'IDLE' || waiting.size === 0) return undefined;
      [served, waiting] = [waiting, new Map()];
      stage = 'REGISTERING';
      round += 1;
      return { step: 'REGISTER', round };
    },
    registered(which) {
      if (which !== round || stage !== 'REGISTERING') return undefined;
      stage = 'CHECKPOINTING';
      return { step: 'CHECKPOINT', round };
    },
    checkpointed(which) {
      if (which !== round || stage !== 'CHECKPOINTING') return undefined;
      stage = 'IDLE';
      return { step: 'GRANT', renewals: served };
    },
    failed(which) {
      if (which !== round || stage === 'IDLE') return;
      stage = 'IDLE';
      waiting = new Map([...served, ...waiting]);
    },
  };
}
