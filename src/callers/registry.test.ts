import { beforeEach, describe, expect, it } from 'vitest';
import {
  bearer,
  type CallersServer,
  type CallersWorld,
  callersWorld,
  NEW_ROOT,
  OLD_ROOT,
  reasonOf,
  soon,
} from '../../test/setup/callers-fixture.ts';
import { SignumError } from '../domain/errors.ts';
import type { Records } from '../domain/records.ts';
import { createCallerRegistry } from './registry.ts';

const HOUR_MS = 3_600_000;

let world: CallersWorld;
let server: CallersServer;
beforeEach(() => {
  world = callersWorld();
  server = world.serve();
});

/** A server that reads the callers all the time, until the condition holds. */
async function refreshUntil(
  roots: readonly string[],
  holds: (server: CallersServer) => unknown,
): Promise<void> {
  const fast = world.serve({ roots, refreshMs: 5 });
  fast.registry.start();
  try {
    await expect.poll(() => Boolean(holds(fast)), { interval: 2 }).toBe(true);
  } finally {
    fast.registry.stop();
  }
}

function accepts({ authenticate }: CallersServer, key: string): boolean {
  try {
    return 'name' in authenticate(bearer(key));
  } catch {
    return false;
  }
}

const storedKey = (name: string) => JSON.parse(world.documents.get(name) ?? '{}').keys[0];

function watched(records: Partial<Records>) {
  const faults: unknown[] = [];
  const registry = createCallerRegistry({
    records: { ...world.records, ...records },
    refreshMs: 5,
    onFault: (fault) => faults.push(fault),
  });
  return { registry, faults };
}

describe('the registry', () => {
  it('writes back that a key was used, at most once an hour', async () => {
    const key = await server.createdKey('edge');
    const usedNow = (fast: CallersServer) =>
      accepts(fast, key) && storedKey('edge').lastUsedAtMs === world.nowMs;
    await refreshUntil([OLD_ROOT], usedNow);
    const first = world.nowMs;
    world.nowMs += HOUR_MS - 1;
    let epoch = 0;
    await refreshUntil([OLD_ROOT], (fast) => {
      epoch = fast.registry.epoch;
      return accepts(fast, key) && epoch > 5;
    });
    expect(storedKey('edge').lastUsedAtMs).toBe(first);
    world.nowMs += 1;
    await refreshUntil([OLD_ROOT], usedNow);
  });

  it('writes a use once, although more uses come before it has read that back', async () => {
    const key = await server.createdKey('edge');
    let writes = 0;
    const { put } = world.records;
    Object.assign(world.records, {
      put: (...args: Parameters<Records['put']>) => {
        writes += 1;
        return put(...args);
      },
    });
    await refreshUntil([OLD_ROOT], (fast) => accepts(fast, key) && fast.registry.epoch > 8);
    expect(writes).toBe(1);
  });

  it('moves a key to the current pepper when it is used, so that the old secret can go', async () => {
    const key = await server.createdKey('edge');
    await refreshUntil([NEW_ROOT, OLD_ROOT], (fast) => {
      return accepts(fast, key) && storedKey('edge').pepperId === fast.secrets.current.id;
    });
    const later = world.serve({ roots: [NEW_ROOT] });
    await later.registry.reload(soon());
    expect(later.authenticate(bearer(key))).toMatchObject({ name: 'edge' });
  });

  it('keeps the callers last read in force while the store is away, and says so', async () => {
    const key = await server.createdKey('edge');
    let isAway = false;
    const all: Records['all'] = async (deadline) => {
      if (isAway) throw new SignumError('STORE_UNAVAILABLE', 'away');
      return world.records.all(deadline);
    };
    const { registry, faults } = watched({ all });
    expect(registry.ageMs()).toBeUndefined();
    await registry.reload(soon());
    isAway = true;
    expect(await reasonOf(() => registry.reload(soon()))).toBe('STORE_UNAVAILABLE');
    registry.start();
    await expect.poll(() => faults.length).toBeGreaterThan(0);
    registry.stop();
    expect(registry.findKey(key.slice(4, 16))?.caller.name).toBe('edge');
    expect(registry.ageMs()).toBeGreaterThanOrEqual(0);
  });

  it('passes over documents that are no callers', async () => {
    const key = await server.createdKey('edge');
    world.documents.set('junk', '{"v":1');
    world.documents.set('borrowed', world.documents.get('edge') ?? '');
    const { registry, faults } = watched({});
    await registry.reload(soon());
    expect(faults).toEqual([{ unreadable: ['junk', 'borrowed'] }]);
    expect(registry.findKey(key.slice(4, 16))?.caller.name).toBe('edge');
  });

  it('does not let a slow read undo a later one', async () => {
    const key = await server.createdKey('edge');
    const answers: PromiseWithResolvers<Map<string, string>>[] = [];
    const { registry } = watched({
      all: () => {
        const answer = Promise.withResolvers<Map<string, string>>();
        answers.push(answer);
        return answer.promise;
      },
    });
    const reads = [registry.reload(soon()), registry.reload(soon())];
    answers[1]?.resolve(new Map());
    await reads[1];
    answers[0]?.resolve(new Map(world.documents));
    await reads[0];
    expect(registry.findKey(key.slice(4, 16))).toBeUndefined();
  });
});
