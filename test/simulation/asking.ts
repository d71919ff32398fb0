import type { Sightings } from '../../src/revocations/core/sightings.ts';
import type { Node, Store } from './store.ts';
import type { World } from './world.ts';

/** How a server asks the nodes of the store, and what it has seen of them by their answers. */
export interface Asking {
  /** Asks a node and gets its answer, or nothing; each way takes its time. */
  ask<T>(node: Node, answer: () => T, then: (answer: T | undefined) => void): void;
  saw(node: Node): void;
}

export function createAsking(
  world: World,
  store: Store,
  sightings: Sightings,
  server: { isUp(): boolean; nowMs(): number },
): Asking {
  const { random } = world;
  const { isUp, nowMs } = server;

  function ask<T>(node: Node, answer: () => T, then: (answer: T | undefined) => void): void {
    world.after(random.next() ** 3 * world.slowestMs, () => {
      const answered = store.answers(node) ? answer() : undefined;
      if (answered !== undefined && random.next() < 0.03) return fail();
      const back = random.next() ** 3 * world.slowestMs;
      world.after(back, () => {
        if (!isUp()) return;
        if (answered !== undefined) saw(node);
        then(answered);
      });
    });
    function fail(): void {
      world.after(world.slowestMs, () => isUp() && then(undefined));
    }
  }

  function saw(node: Node): void {
    sightings.seen(`partition ${node.partition}`, node.name, nowMs());
    if (node.partition === 0) sightings.seen('table', `${node.name} ${node.table.id}`, nowMs());
  }

  return { ask, saw };
}
