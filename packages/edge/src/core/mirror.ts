import type { Clock } from './clock.ts';
import { createEndedIds, type EndedIds } from './ended-ids.ts';
import type {
  Checkpoint,
  EndedColumns,
  EndedToken,
  Events,
  FeedCursor,
  FeedMessage,
  FeedPart,
  Snapshot,
  Welcome,
} from './feed-message.ts';
import { createLease, type Lease } from './lease.ts';
import { createLosses, type Losses } from './losses.ts';
import { createStoreTime, type StoreTime } from './store-time.ts';
import { createWatermarks, type EndMark, type Mark, type Watermarks } from './watermarks.ts';

/** What came of a message of the feed. */
export type Applied =
  | 'APPLIED'
  /** Somebody waits to hear that it has been applied. */
  | 'ACKNOWLEDGE'
  /** It does not join on to what came before: nothing that is known counts any more. */
  | 'BROKEN';

/** What an edge knows of a deployment by its feed, and for how long it may answer from it. */
export interface Mirror {
  readonly deployment: Deployment | undefined;
  readonly ended: EndedIds;
  readonly watermarks: Watermarks;
  readonly losses: Losses;
  readonly storeTime: StoreTime;
  /** Undefined until a server has said how many partitions there are. */
  readonly lease: Lease | undefined;
  /** Changes whenever a token that was judged before has to be judged again. */
  readonly rules: number;
  /** Partitions that are known as a whole. */
  readonly ready: number;
  /** The number of the last message that was applied; 0 for none. */
  readonly sequence: number;
  /** Takes the next message of the stream, all of it. */
  apply(message: FeedMessage): Applied;
  /** Another stream begins, with message 1. */
  connecting(): void;
  /** Where it can go on; undefined where nothing is known. */
  cursor(): FeedCursor | undefined;
  /** Drops what no token that is still good can need. */
  tidy(): void;
  /** Forgets everything. */
  forget(): void;
}

/** What is the same for all tokens of a deployment. */
export interface Deployment {
  readonly id: string;
  readonly partitions: number;
  readonly leaseMs: number;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly clockSkewMs: number;
  readonly failoverWindowMs: number;
  /** Undefined for all. */
  readonly tenantIds: ReadonlySet<string> | undefined;
}

/** What was told of one partition. */
type PartitionState = 'UNKNOWN' | 'LOADING' | 'READY';

interface Partition {
  state: PartitionState;
  /** -1 where the place is not known. */
  revision: number;
  entryId: string;
}

/** What the notes of ended ids can hold. */
const MOST_PARTITIONS = 65_536;
/** How long what has expired is still told from what was never known. */
const EXPIRED_KEPT_MS = 60_000;
/** Of tokens that were issued before this, watermarks are not kept: the server is asked. */
const WATERMARKS_KEPT_MS = 24 * 3_600_000;
/** Of no deployment. */
const NO_TERMS = { clockSkewMs: 0, failoverWindowMs: 0 };
/** Reasons are kept in a byte; what does not fit is only known to be one. */
const SOME_REASON = 255;

export interface MirrorOptions {
  readonly clock: Clock;
  /** Another deployment than before: nothing that was known of tokens holds. */
  readonly onDeployment: (deployment: Deployment) => void;
  /** The keys have come, all of them. */
  readonly onKeys: (jwksJson: string) => void;
}

export function createMirror({ clock, onDeployment, onKeys }: MirrorOptions): Mirror {
  let deployment: Deployment | undefined;
  let lease: Lease | undefined;
  let partitions: Partition[] = [];
  let sequence = 0;
  let rules = 1;
  const ended = createEndedIds();
  const watermarks = createWatermarks({ clockSkewMs: () => deployment?.clockSkewMs ?? 0 });
  const losses = createLosses(() => deployment ?? NO_TERMS);
  const storeTime = createStoreTime();

  function clear(): void {
    deployment = undefined;
    lease = undefined;
    partitions = [];
    ended.clear();
    watermarks.clear();
    losses.clear();
    storeTime.clear();
    rules += 1;
  }

  function welcome(message: Welcome): boolean {
    const { deploymentId: id, partitions: count, tenantIds } = message;
    if (!(count >= 1 && count <= MOST_PARTITIONS)) return false;
    const tenants = tenantIds.length === 0 ? undefined : new Set(tenantIds);
    const same =
      deployment?.id === id &&
      deployment.partitions === count &&
      deployment.leaseMs === message.leaseMs &&
      deployment.issuer === message.issuer;
    // What was not told before would be missing from what is known.
    if (same && !sameMembers(deployment?.tenantIds, tenants)) return false;
    if (!same) {
      clear();
      lease = createLease({ clock, partitions: count, leaseMs: message.leaseMs });
      partitions = Array.from({ length: count }, () => ({
        state: 'UNKNOWN',
        revision: -1,
        entryId: '',
      }));
    }
    deployment = { ...message, id, tenantIds: tenants };
    rules += 1;
    if (!same) onDeployment(deployment);
    return true;
  }

  function snapshot(message: Snapshot): boolean {
    const { partition, first, last } = message;
    const state = partitions[partition];
    if (state === undefined || (!first && state.state !== 'LOADING')) return false;
    if (first) {
      begin(partition, state, 'LOADING');
      ended.forgetPartition(partition);
      watermarks.forgetPartition(partition);
    }
    if (!endAll(message.ended, partition)) return false;
    for (const each of message.watermarks) mark(partition, each);
    if (message.watermarks.length > 0) rules += 1;
    if (last) state.state = 'READY';
    return true;
  }

  function endAll({ tokenIds, expiresAtS, reasons }: EndedColumns, partition: number): boolean {
    const count = expiresAtS.length;
    if (tokenIds.length !== 16 * count || reasons.length !== count) return false;
    for (let i = 0; i < count; i += 1) {
      const reason = reasonByte(reasons[i]);
      ended.add(tokenIds, 16 * i, { expiresAtS: expiresAtS[i] as number, partition, reason });
    }
    return true;
  }

  function begin(partition: number, state: Partition, next: PartitionState): void {
    lease?.lapse(partition);
    state.state = next;
    state.revision = -1;
  }

  function events({ events: list }: Events): boolean {
    for (const { partition, revision, entryId, change } of list) {
      const state = partitions[partition];
      // Not known as a whole; or told twice, or out of order.
      if (state?.state !== 'READY' || revision <= state.revision) return false;
      state.revision = revision;
      state.entryId = entryId;
      if ('ended' in change) {
        if (!end(change.ended, partition)) return false;
        continue;
      }
      mark(partition, change.watermark);
      rules += 1;
    }
    return true;
  }

  function mark(partition: number, told: Mark): void {
    if (isEnd(told)) watermarks.add(partition, told);
    else losses.add(partition, told, clock.monotonicMs());
  }

  function end({ tokenId, expiresAtS, reason }: EndedToken, partition: number): boolean {
    if (tokenId.length !== 16) return false;
    ended.add(tokenId, 0, { expiresAtS, partition, reason: reasonByte(reason) });
    return true;
  }

  function checkpoint({ renewal, timeMs, moved, uncovered }: Checkpoint): boolean {
    for (const { partition, revision, entryId } of moved) {
      const state = partitions[partition];
      if (state === undefined) return false;
      if (state.state !== 'READY') continue;
      if (revision < state.revision) return false;
      state.revision = revision;
      state.entryId = entryId;
    }
    const left = new Set(uncovered);
    const covers = (partition: number): boolean => {
      return partitions[partition]?.state === 'READY' && !left.has(partition);
    };
    const askedMs = lease?.granted(renewal, covers);
    if (askedMs !== undefined) storeTime.told(timeMs, askedMs, clock.monotonicMs());
    return true;
  }

  function take({ sequence: number, parts }: FeedMessage): boolean {
    if (number !== sequence + 1 || parts.length === 0) return false;
    return parts.every((part, i) => {
      // It comes first on a stream, and once.
      const isFirst = number === 1 && i === 0;
      return isFirst === (part.kind === 'WELCOME') && takePart(part);
    });
  }

  function takePart(part: FeedPart): boolean {
    switch (part.kind) {
      case 'WELCOME':
        return welcome(part);
      case 'KEYS':
        rules += 1;
        onKeys(part.jwksJson);
        return true;
      case 'SNAPSHOT':
        return snapshot(part);
      case 'EVENTS':
        return events(part);
      case 'CHECKPOINT':
        return checkpoint(part);
      case 'RESET':
        return reset(part.partition);
    }
  }

  function reset(partition: number): boolean {
    const state = partitions[partition];
    if (state !== undefined) begin(partition, state, 'UNKNOWN');
    return state !== undefined;
  }

  return {
    ended,
    watermarks,
    losses,
    storeTime,
    get deployment() {
      return deployment;
    },
    get lease() {
      return lease;
    },
    get rules() {
      return rules;
    },
    get ready() {
      return partitions.filter(({ state }) => state === 'READY').length;
    },
    get sequence() {
      return sequence;
    },
    apply(message) {
      if (!take(message)) {
        clear();
        return 'BROKEN';
      }
      sequence = message.sequence;
      const awaited = message.parts.some(isAwaited);
      return awaited ? 'ACKNOWLEDGE' : 'APPLIED';
    },
    connecting() {
      sequence = 0;
      lease?.disconnected();
      for (const [partition, state] of partitions.entries()) {
        // Half a snapshot cannot be gone on with.
        if (state.state === 'LOADING') begin(partition, state, 'UNKNOWN');
      }
    },
    cursor() {
      if (deployment === undefined) return undefined;
      const places = partitions
        .map(({ state, revision, entryId }, partition) => ({ state, revision, entryId, partition }))
        .filter(({ state, revision }) => state === 'READY' && revision >= 0)
        .map(({ partition, revision, entryId }) => ({ partition, revision, entryId }));
      return { deploymentId: deployment.id, partitions: places };
    },
    tidy() {
      const nowMs = storeTime.earliestMs(clock.monotonicMs());
      if (nowMs === Number.NEGATIVE_INFINITY) return;
      ended.forgetExpired(Math.floor((nowMs - EXPIRED_KEPT_MS) / 1_000));
      watermarks.forgetBefore(nowMs - WATERMARKS_KEPT_MS);
      losses.forgetBefore(nowMs - WATERMARKS_KEPT_MS);
    },
    forget: clear,
  };
}

function isEnd(mark: Mark): mark is EndMark {
  return !('lost' in mark.scope);
}

function isAwaited(part: FeedPart): boolean {
  return part.kind === 'EVENTS' && part.events.some(({ awaited }) => awaited);
}

function reasonByte(reason: number | undefined): number {
  return reason !== undefined && reason > 0 && reason < SOME_REASON ? reason : SOME_REASON;
}

function sameMembers(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined) {
  if (a === undefined || b === undefined) return a === b;
  return a.size === b.size && [...a].every((member) => b.has(member));
}
