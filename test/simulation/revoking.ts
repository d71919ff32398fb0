import { type Commit, createFence, type Fence } from '../../src/revocations/core/fence.ts';
import type { TableObserver } from '../../src/revocations/core/lease-table.ts';
import type { LeaseTerms } from '../../src/revocations/core/lease-terms.ts';
import type { Sightings } from '../../src/revocations/core/sightings.ts';
import type { Asking } from './asking.ts';
import type { Node, Store, Wanted } from './store.ts';
import type { Server } from './subscriber.ts';
import type { World } from './world.ts';

const LOOK_AGAIN_MS = 30;

/** What a server tells of its revocations. */
export interface Told {
  /** A revocation is committed, and waits. */
  onCommitted(wanted: Wanted): void;
  /** It has returned. */
  onFenced(wanted: Wanted, partition: number, revision: number): void;
}

export interface RevokingDeps {
  readonly name: string;
  readonly world: World;
  readonly store: Store;
  readonly terms: LeaseTerms;
  readonly sightings: Sightings;
  readonly observer: TableObserver;
  readonly told: Told;
  readonly ask: Asking['ask'];
  /** Which node the server takes for the primary of a partition. */
  nodeOf(partition: number): Node;
  isUp(): boolean;
  nowMs(): number;
}

/** Ends something at its primary, and waits until no edge accepts it any more. */
export function createRevoking(deps: RevokingDeps): Server['revoke'] {
  const { name, world, store, terms, sightings, observer, told, ask, nodeOf, isUp, nowMs } = deps;

  function revoke(partition: number, wanted: Wanted, fenced: boolean): void {
    const node = nodeOf(partition);
    ask(
      node,
      () => {
        const entry = store.end(node, wanted, fenced);
        // What no replica confirms is not known to be durable.
        if (!fenced || !store.isPrimary(node)) return undefined;
        node.durable = node.log.length;
        return entry;
      },
      (entry) => {
        if (entry === undefined) return;
        told.onCommitted(wanted);
        const knownMs = nowMs();
        const primaryTrustedFromMs = sightings.trustedFromMs(`partition ${partition}`);
        const { revision } = entry;
        const commit: Commit = {
          partition,
          revision,
          primary: node.name,
          knownMs,
          primaryTrustedFromMs,
        };
        wait(createFence([commit], terms, observer), () => {
          world.note(() => `${name} has fenced revision ${revision} of partition ${partition}`);
          told.onFenced(wanted, partition, revision);
        });
      },
    );
  }

  function wait(fence: Fence, then: () => void): void {
    const node = nodeOf(0);
    const isOver = () => fence.state(nowMs()).state === 'CLOSED';
    ask(
      node,
      () => ({ entries: [...node.table.entries.values()], isPrimary: store.isPrimary(node) }),
      (table) => {
        if (table !== undefined) {
          observer.observed(table.entries, nowMs());
          const trustedFromMs = sightings.trustedFromMs('table');
          const reading = { entries: table.entries, confirmed: table.isPrimary, trustedFromMs };
          fence.read(reading, nowMs());
        }
        if (isOver()) then();
        else world.after(LOOK_AGAIN_MS, () => isUp() && wait(fence, then));
      },
    );
  }

  return revoke;
}
