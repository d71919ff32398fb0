import type { UseProof } from './key-proof.ts';
import type { StoreTime } from './store-time.ts';

const SWEEP_MS = 1_000;

/**
 * Remembers the proofs that this edge has taken, for as long as they hold, and takes each once. Other
 * edges do not hear of it: there a proof may be used again. What cannot be told is left to the server:
 * a proof that begins or ends to hold about now, and one more than there is room for.
 */
export function createUsedProofs(deps: {
  readonly storeTime: StoreTime;
  readonly monotonicMs: () => number;
  /** Proofs that are remembered at once. */
  readonly most: number;
}): UseProof {
  const { storeTime, monotonicMs, most } = deps;
  /** When each ends to hold, by key and id. */
  const used = new Map<string, number>();
  let nextSweepMs = Number.NEGATIVE_INFINITY;

  /** Not for each proof: that would make a full memory a slow one. */
  function sweep(nowMs: number): void {
    if (nowMs < nextSweepMs) return;
    nextSweepMs = nowMs + SWEEP_MS;
    for (const [name, untilMs] of used) if (untilMs < nowMs) used.delete(name);
  }

  return ({ thumbprint, proofId, nonce, fromS, untilS }) => {
    // Whether a nonce is the server's only the server knows.
    if (nonce !== undefined) return 'UNSURE';
    const nowMs = monotonicMs();
    const earliestMs = storeTime.earliestMs(nowMs);
    const latestMs = storeTime.latestMs(nowMs);
    if (latestMs < fromS * 1_000 || earliestMs > untilS * 1_000) return 'KEY_PROOF_INVALID';
    if (earliestMs < fromS * 1_000 || latestMs > untilS * 1_000) return 'UNSURE';
    const name = `${thumbprint} ${proofId}`;
    if (used.has(name)) return 'KEY_PROOF_INVALID';
    if (used.size >= most) sweep(earliestMs);
    if (used.size >= most) return 'UNSURE';
    used.set(name, untilS * 1_000);
    return 'PROVEN';
  };
}
