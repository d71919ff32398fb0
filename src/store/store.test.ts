import { emptyDatabaseUrl } from '../../test/setup/redis.ts';
import { openTestStore } from '../../test/setup/store.ts';
import { storeSuite } from '../../test/topologies/store-suite.ts';

storeSuite(async () => {
  const url = await emptyDatabaseUrl();
  return (policy) => openTestStore(policy, url);
});
