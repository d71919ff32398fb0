import { afterAll } from 'vitest';
import { type RedisSentinel, startSentinel } from '../setup/redis-sentinel.ts';
import { openTestStore } from '../setup/store.ts';
import { storeSuite } from './store-suite.ts';

let sentinel: RedisSentinel | undefined;
afterAll(() => sentinel?.stop());

storeSuite(async () => {
  sentinel = await startSentinel();
  const { url } = sentinel;
  return (policy) => openTestStore(policy, url);
});
