import type { RedisNode } from './redis-node.ts';
import { ask } from './redis-sentinel.ts';

const BATCH = 20;

/**
 * Moves one slot with its keys from one primary to another, as redis-cli's reshard does. `between`
 * runs after each batch of keys, while some are here and some are there.
 */
export async function moveSlot(
  slot: number,
  from: RedisNode,
  to: RedisNode,
  primaries: readonly RedisNode[],
  between: () => Promise<void> = async () => undefined,
): Promise<number> {
  const idOf = ({ port }: RedisNode) => ask(port, (r) => r.call('CLUSTER', 'MYID'));
  const [fromId, toId] = [String(await idOf(from)), String(await idOf(to))];
  await ask(to.port, (r) => r.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId));
  await ask(from.port, (r) => r.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId));
  let moved = 0;
  for (;;) {
    const keys = await ask(from.port, async (redis) => {
      const some = (await redis.call('CLUSTER', 'GETKEYSINSLOT', slot, BATCH)) as string[];
      const target = ['127.0.0.1', `${to.port}`, '', '0', '1000', 'REPLACE', 'KEYS', ...some];
      if (some.length > 0) await redis.call('MIGRATE', ...target);
      return some;
    });
    if (keys.length === 0) break;
    moved += keys.length;
    await between();
  }
  // The new owner first: should this stop half-way, no slot is without one.
  for (const node of [to, from, ...primaries.filter((each) => each !== to && each !== from)]) {
    await ask(node.port, (r) => r.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId));
  }
  return moved;
}
