import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Nonces for proofs (RFC 9449 sections 8 and 9) that hold for a while and need no memory: a keyed hash
 * of the period in which they were given out. All servers with the same secrets know each other's.
 */
export interface ProofNonces {
  /** The one to give out now. */
  current(): string;
  /** Whether it was given out in this period or the one before, or in the next by a faster clock. */
  isFresh(nonce: string | undefined): boolean;
}

export interface ProofNonceOptions {
  /** The first makes nonces, the others only know their own. At least one. */
  readonly secrets: readonly Uint8Array[];
  /** How long one is given out, in milliseconds. */
  readonly periodMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** In characters of base64url: 132 bits. */
const LENGTH = 22;

export function createProofNonces({ secrets, periodMs, now }: ProofNonceOptions): ProofNonces {
  const [first = new Uint8Array()] = secrets;
  const period = () => Math.floor(now() / periodMs);
  return {
    current: () => nonceOf(first, period()),
    isFresh(nonce) {
      if (nonce?.length !== LENGTH) return false;
      const at = period();
      return secrets.some((secret) =>
        [at, at - 1, at + 1].some((of) => isSame(nonce, nonceOf(secret, of))),
      );
    },
  };
}

function nonceOf(secret: Uint8Array, period: number): string {
  const hash = createHmac('sha256', secret).update(`proof nonce ${period}`);
  return hash.digest('base64url').slice(0, LENGTH);
}

function isSame(given: string, known: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(known)];
  return a.length === b.length && timingSafeEqual(a, b);
}
