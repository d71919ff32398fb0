import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisSentinel, startSentinel } from '../../../test/setup/redis-sentinel.ts';
import { until } from '../../../test/setup/until.ts';
import { examineEdges } from './examine-edges.ts';

let sentinel: RedisSentinel;
let primary: Redis;

beforeAll(async () => {
  sentinel = await startSentinel({ replicas: 1 });
  await sentinel.settled();
  primary = new Redis((await sentinel.primary()).port, '127.0.0.1');
  await until('the replica is there', async () => /connected_slaves:1/.test(await primary.info()));
});
afterAll(async () => {
  primary.disconnect();
  await sentinel.stop();
});

const settings = { leaseMs: 5_000, failoverWindowMs: 3_000 };

test('computes how far behind an edge can be, and names what makes it larger', async () => {
  await primary.config('SET', 'min-replicas-to-write', '1');
  await primary.config('SET', 'min-replicas-max-lag', '2');
  const sound = await examineEdges([primary], settings, '5000');
  expect(sound.facts).toContain(
    'an edge accepts an ended token for 5 s at most, 8 s after a failover',
  );
  expect(sound.findings).toEqual([]);

  await primary.config('SET', 'min-replicas-max-lag', '10');
  const large = await examineEdges([primary], settings, '5000');
  expect(large.findings).toMatchObject([{ severity: 'error' }]);
  expect(large.findings[0]?.fix).toContain('SIGNUM_REDIS_FAILOVER_WINDOW=11s');

  await primary.config('SET', 'min-replicas-to-write', '0');
  const open = await examineEdges([primary], settings, '5000');
  expect(open.facts.join()).toContain('without bound');
  expect(open.findings).toMatchObject([{ severity: 'warning' }]);
});

test("tells a lease that is not the deployment's", async () => {
  const { findings } = await examineEdges([primary], settings, '7000');
  expect(findings.map(({ fix }) => fix).join()).toContain('SIGNUM_EDGE_LEASE=7s');
});
