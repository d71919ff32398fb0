import { describe } from 'vitest';
import { emptyDatabaseUrl } from '../../test/setup/redis.ts';
import { openTestStore } from '../../test/setup/store.ts';
import { storeSuite } from '../../test/topologies/store-suite.ts';

describe.each(['direct', 'library'] as const)('by the %s wire', (wire) => {
  storeSuite(async () => {
    const url = await emptyDatabaseUrl();
    return (policy) => openTestStore(policy, url, undefined, wire);
  });
});
