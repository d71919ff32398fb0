import type { Deadline } from '../domain/call.ts';
import type { Runner } from './dispatch/runner.ts';
import { SCRIPTS } from './scripts/script.ts';

/** What one server of a deployment holds at a time, to do a piece of work for all. */
export interface Lock {
  /** Takes the lock if it is free, keeps it if it is held; returns whether it is ours now. */
  hold(deadline: Deadline): Promise<boolean>;
  /** Gives it up if it is ours. */
  release(deadline: Deadline): Promise<void>;
}

/**
 * A lock in Redis that ends `ttlMs` after it was last held. It keeps servers from doing the same work,
 * no more: one that was held up may go on for a while beside the next holder.
 *
 * @param owner what no other server calls itself
 */
export function createLock(
  runner: Runner,
  { key, owner, ttlMs }: { readonly key: string; readonly owner: string; readonly ttlMs: number },
): Lock {
  const ask = async (ms: number, deadline: Deadline) => {
    const reply: unknown = await runner.run(SCRIPTS.lock, [key], [owner, ms], deadline);
    return reply === 1;
  };
  return {
    hold: (deadline) => ask(ttlMs, deadline),
    async release(deadline) {
      await ask(0, deadline);
    },
  };
}
