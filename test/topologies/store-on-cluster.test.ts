import { afterAll } from 'vitest';
import { type RedisCluster, startRedisCluster } from '../setup/redis-cluster.ts';
import { openTestStore } from '../setup/store.ts';
import { storeSuite } from './store-suite.ts';

let cluster: RedisCluster | undefined;
afterAll(() => cluster?.stop());

storeSuite(async () => {
  cluster = await startRedisCluster({ replicas: 1 });
  const { url } = cluster;
  return (policy) => openTestStore(policy, url);
});
