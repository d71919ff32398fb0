import { describe } from 'vitest';
import { emptyDatabaseUrl } from '../../test/setup/redis.ts';
import { openTestStore } from '../../test/setup/store.ts';
import { lostSessionSuite } from '../../test/topologies/lost-session-suite.ts';
import type { OpenStore } from '../../test/topologies/store-subject.ts';
import { storeSuite } from '../../test/topologies/store-suite.ts';

describe.each(['direct', 'library'] as const)('by the %s wire', (wire) => {
  const open = async (): Promise<OpenStore> => {
    const url = await emptyDatabaseUrl();
    return (policy) => openTestStore(policy, url, undefined, wire);
  };
  storeSuite(open);
  lostSessionSuite(open);
});
