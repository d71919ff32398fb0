import type {
  Checkpoint,
  Events,
  FeedMessage,
  FeedPart,
  Snapshot,
  Welcome,
} from '../../../../packages/edge/src/core/feed-message.ts';
import type { Mark } from '../../../../packages/edge/src/core/watermarks.ts';
import type { PartitionReport } from './messages.ts';

interface Place {
  readonly revision: number;
  readonly entryId: string;
}

interface Partition {
  state: 'UNKNOWN' | 'LOADING' | 'READY';
  /** Undefined until it is told. */
  place: Place | undefined;
  /** By id: where the end came as an event; undefined for what came in the snapshot. */
  readonly ended: Map<string, Place | undefined>;
  /** How often each was told since the partition began: once, unless Redis has it twice itself. */
  readonly times: Map<string, number>;
  /** Tenants of which everything has ended. */
  readonly tenants: Set<string>;
}

/**
 * What a subscriber has been told, held to what the contract says of the order: every response once,
 * every event once and after those before it, nothing before its snapshot.
 */
export class FeedState {
  readonly #fail: (fault: string) => void;
  readonly #partitions = new Map<number, Partition>();
  #deploymentId = '';
  #sequence = 0;
  #uncovered: ReadonlySet<number> | undefined;
  events = 0;
  resets = 0;

  constructor(fail: (fault: string) => void) {
    this.#fail = fail;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Another stream begins; half a snapshot is of no use there. */
  connecting(): void {
    this.#sequence = 0;
    for (const each of this.#partitions.values()) if (each.state === 'LOADING') restart(each);
  }

  cursor() {
    if (this.#deploymentId === '') return undefined;
    const partitions = [...this.#partitions].flatMap(([partition, { state, place }]) =>
      state === 'READY' && place
        ? [{ partition, revision: BigInt(place.revision), entryId: place.entryId }]
        : [],
    );
    return { deploymentId: this.#deploymentId, partitions };
  }

  /** Whether the last checkpoint speaks for a partition; for all of them without one. */
  isCovered(partition?: number): boolean {
    const named = partition === undefined ? [...this.#partitions.keys()] : [partition];
    const isCovered = (each: number) =>
      this.#partitions.get(each)?.state === 'READY' && this.#uncovered?.has(each) === false;
    return this.#partitions.size > 0 && named.every(isCovered);
  }

  revisionOf(partition: number): number {
    return this.#partitions.get(partition)?.place?.revision ?? 0;
  }

  /** `what`: the id of a token, or `tenant:` and a tenant's. */
  knows(partition: number, what: string): boolean {
    const { ended, tenants } = this.#at(partition);
    return ended.has(what) || tenants.has(what);
  }

  take(message: FeedMessage): void {
    if (message.sequence !== this.#sequence + 1) {
      this.#fail(`response ${message.sequence} came after ${this.#sequence}`);
    }
    this.#sequence = message.sequence;
    for (const part of message.parts) this.#takePart(part);
  }

  report(): PartitionReport[] {
    return [...this.#partitions].map(([partition, { place, ended, times }]) => ({
      partition,
      revision: place?.revision ?? 0,
      ended: [...ended].map(([id, at]) => {
        return [id, at?.revision ?? 0, at?.entryId ?? '', times.get(id) ?? 0] as const;
      }),
    }));
  }

  #takePart(part: FeedPart): void {
    if (part.kind === 'WELCOME') this.#welcome(part);
    else if (part.kind === 'SNAPSHOT') this.#snapshot(part);
    else if (part.kind === 'EVENTS') this.#events(part);
    else if (part.kind === 'CHECKPOINT') this.#checkpoint(part);
    else if (part.kind === 'RESET') {
      this.resets += 1;
      restart(this.#at(part.partition));
    }
  }

  #at(partition: number): Partition {
    const found = this.#partitions.get(partition);
    if (found) return found;
    const made: Partition = {
      state: 'UNKNOWN',
      place: undefined,
      ended: new Map(),
      times: new Map(),
      tenants: new Set(),
    };
    this.#partitions.set(partition, made);
    return made;
  }

  #welcome({ deploymentId, partitions }: Welcome): void {
    this.#deploymentId = deploymentId;
    this.#uncovered = undefined;
    for (let partition = 0; partition < partitions; partition += 1) this.#at(partition);
  }

  #snapshot({ partition, first, last, ended, watermarks }: Snapshot): void {
    const at = this.#at(partition);
    if (first) {
      restart(at);
      at.state = 'LOADING';
    } else if (at.state !== 'LOADING') this.#fail(`half a snapshot of partition ${partition}`);
    for (const i of ended.expiresAtS.keys()) {
      noteEnd(at, ended.tokenIds.subarray(16 * i, 16 * i + 16), undefined);
    }
    for (const mark of watermarks) noteTenant(at, mark);
    if (last) at.state = 'READY';
  }

  #events({ events }: Events): void {
    for (const { partition, revision, entryId, change } of events) {
      const at = this.#at(partition);
      if (at.state !== 'READY') this.#fail(`events of partition ${partition} before its snapshot`);
      const before = at.place?.revision ?? 0;
      if (revision <= before) this.#fail(`${partition}: revision ${revision} after ${before}`);
      at.place = { revision, entryId };
      this.events += 1;
      if ('ended' in change) noteEnd(at, change.ended.tokenId, at.place);
      else noteTenant(at, change.watermark);
    }
  }

  #checkpoint({ moved, uncovered }: Checkpoint): void {
    this.#uncovered = new Set(uncovered);
    for (const { partition, revision, entryId } of moved) {
      const at = this.#at(partition);
      if (at.state !== 'READY') continue;
      const { place } = at;
      if (place && revision < place.revision) {
        this.#fail(`partition ${partition}: a checkpoint at ${revision} after ${place.revision}`);
      } else if (place && revision === place.revision && entryId !== place.entryId) {
        this.#fail(`partition ${partition}: revision ${revision} is another entry than was told`);
      }
      at.place = { revision, entryId };
    }
  }
}

function restart(partition: Partition): void {
  partition.state = 'UNKNOWN';
  partition.place = undefined;
  partition.ended.clear();
  partition.times.clear();
  partition.tenants.clear();
}

function noteEnd({ ended, times }: Partition, tokenId: Uint8Array, place: Place | undefined): void {
  const id = Buffer.from(tokenId).toString('hex');
  ended.set(id, place);
  times.set(id, (times.get(id) ?? 0) + 1);
}

function noteTenant({ tenants }: Partition, { scope }: Mark): void {
  if ('tenantId' in scope) tenants.add(`tenant:${scope.tenantId}`);
}
