interface MarkPlace {
  /** The moment, by the store's clock: no token that it is about was issued after it. */
  readonly timeMs: number;
  /** The partition's revision at that moment. */
  readonly revision: number;
}

/** What has ended for certain. */
export interface EndMark extends MarkPlace {
  readonly scope:
    | { readonly tenantId: string }
    | { readonly keyId: string }
    | { readonly all: true };
}

/** What may have been lost, by the name of the history that has begun; see Losses. */
export interface LossMark extends MarkPlace {
  readonly scope: { readonly lost: string };
}

export type Mark = EndMark | LossMark;

/** A token as watermarks look at it. */
export interface MarkedToken {
  readonly partition: number;
  readonly tenantId: string;
  readonly keyId: string;
  readonly issuedAtS: number;
}

export type MarkVerdict = 'LIVE' | 'TENANT' | 'KEY' | 'UNSURE';

/** Everything of a tenant, a key, or all, that was issued up to a moment is dead. */
export interface Watermarks {
  add(partition: number, mark: Pick<EndMark, 'scope' | 'timeMs'>): void;
  /**
   * Whether a token is dead by a mark. Tokens carry whole seconds, and the store's clock may have been
   * set: near the mark only the server knows which came first.
   */
  judge(token: MarkedToken): MarkVerdict;
  forgetPartition(partition: number): void;
  /** Drops marks before a moment of the store's clock: of older tokens nothing is certain then. */
  forgetBefore(timeMs: number): void;
  clear(): void;
  readonly size: number;
}

const ALL = 'all';

export function createWatermarks({
  clockSkewMs,
}: {
  readonly clockSkewMs: () => number;
}): Watermarks {
  /** Of each partition, moments by `t:<tenant>`, `k:<kid>` or `all`. */
  const partitions = new Map<number, Map<string, number>>();
  let horizonMs = Number.NEGATIVE_INFINITY;

  /** -1: the token is older, and dead; 1: it is newer; 0: too close to tell. */
  function compare(issuedAtS: number, markMs: number): number {
    const skewMs = clockSkewMs();
    if (issuedAtS * 1_000 > markMs + skewMs) return 1;
    return (issuedAtS + 1) * 1_000 + skewMs <= markMs ? -1 : 0;
  }

  return {
    add(partition, { scope, timeMs }) {
      const marks = partitions.get(partition) ?? new Map<string, number>();
      partitions.set(partition, marks);
      const field = fieldOf(scope);
      marks.set(field, Math.max(timeMs, marks.get(field) ?? Number.NEGATIVE_INFINITY));
    },
    judge({ partition, tenantId, keyId, issuedAtS }) {
      const marks = partitions.get(partition);
      // A revoked key signs nothing good, whenever it did.
      if (marks?.has(`k:${keyId}`)) return 'KEY';
      if (issuedAtS * 1_000 <= horizonMs) return 'UNSURE';
      if (marks === undefined) return 'LIVE';
      const never = Number.NEGATIVE_INFINITY;
      const markMs = Math.max(marks.get(`t:${tenantId}`) ?? never, marks.get(ALL) ?? never);
      const order = compare(issuedAtS, markMs);
      if (order > 0) return 'LIVE';
      return order < 0 ? 'TENANT' : 'UNSURE';
    },
    forgetPartition(partition) {
      partitions.delete(partition);
    },
    forgetBefore(timeMs) {
      horizonMs = Math.max(horizonMs, timeMs);
      for (const marks of partitions.values()) {
        for (const [field, markMs] of marks) {
          if (markMs <= horizonMs && !field.startsWith('k:')) marks.delete(field);
        }
      }
    },
    clear() {
      partitions.clear();
      horizonMs = Number.NEGATIVE_INFINITY;
    },
    get size() {
      return [...partitions.values()].reduce((sum, marks) => sum + marks.size, 0);
    },
  };
}

function fieldOf(scope: EndMark['scope']): string {
  if ('tenantId' in scope) return `t:${scope.tenantId}`;
  return 'keyId' in scope ? `k:${scope.keyId}` : ALL;
}
