import type { DeviceRef } from '@signum/token';
import { uuidv7 } from 'uuidv7';
import type { WireKind } from '../../src/store/client/connections.ts';
import type { StorePolicy } from '../../src/store/scripts/context.ts';
import type { IssuePlan } from '../../src/store/sessions/issue.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { emptyDatabaseUrl } from './redis.ts';

export const TEST_POLICY: StorePolicy = {
  skewMs: 60_000,
  graceMs: 10_000,
  feedMs: 3_600_000,
  longestLifeMs: 86_400_000,
  maxDevices: 100,
};

/** A store on an empty database of the shared Redis, or on the one at `url`. */
export async function openTestStore(
  policy: Partial<StorePolicy> = {},
  url?: string,
  partitions = 4,
  wire: WireKind = 'direct',
): Promise<Store> {
  return openStore({
    redis: {
      url: url ?? (await emptyDatabaseUrl()),
      commandTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
      name: 'signum-test',
    },
    partitions,
    wire,
    leaseMs: 5_000,
    policy: { ...TEST_POLICY, ...policy },
    onConnectionError: () => undefined,
  });
}

/** A deadline far enough away for a slow machine. */
export function soon(): { deadlineAtMs: number } {
  return { deadlineAtMs: performance.now() + 15_000 };
}

/** What Issue would plan for a device, with whatever a test wants otherwise. */
export function planFor(device: DeviceRef, other: Partial<IssuePlan> = {}): IssuePlan {
  return {
    device,
    sessionId: uuidv7(),
    tokenId: uuidv7(),
    keyId: 'key-1',
    lifetimes: { accessMs: 60_000, refreshMs: 600_000, sessionMs: 3_600_000 },
    policy: 'SUPERSEDE',
    proof: undefined,
    requestId: undefined,
    requestDigest: 'digest',
    staleKeyId: '',
    allowedAudiences: ['api'],
    scopes: [],
    audiences: ['api'],
    confirmation: undefined,
    claims: {},
    metadata: {},
    by: 'test',
    ...other,
  };
}
