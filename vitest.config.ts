import { configDefaults, defineConfig } from 'vitest/config';
import type { TopologyName } from './test/setup/topology.ts';

const ALL = [
  'packages/*/src/**/*.test.ts',
  'src/**/*.test.ts',
  'test/**/*.test.ts',
  'bench/**/*.test.ts',
];

/** What has to hold whatever the service runs on. All other suites run on one node. */
const ON_EVERY_TOPOLOGY = [
  ...['src/store/store.test.ts', 'test/property/**/*.test.ts', 'test/wire/**/*.test.ts'],
];

/** About one server and its way out, whatever it is connected to. */
const ON_ONE_NODE = ['test/wire/drain.test.ts', 'test/wire/stop.test.ts'];

/** What judges how soon a call settles: nothing else runs meanwhile. */
const ALONE = ['test/faults/checker.test.ts', 'test/faults/scenarios.test.ts'];

/** A project that runs some suites on one kind of Redis, started once for all of them. */
function onRedis(name: TopologyName, include: readonly string[], exclude: readonly string[] = []) {
  // Only a standalone Redis has databases to tell files apart by; on others they take turns.
  const fileParallelism = name === 'standalone';
  const globalSetup = ['test/setup/shared-redis.ts'];
  const files = { include: [...include], exclude: [...configDefaults.exclude, ...exclude] };
  return { extends: true, test: { name, ...files, globalSetup, fileParallelism } };
}

export default defineConfig({
  test: {
    projects: [
      onRedis('standalone', ALL, ALONE),
      onRedis('sentinel', ON_EVERY_TOPOLOGY, ON_ONE_NODE),
      onRedis('cluster', ON_EVERY_TOPOLOGY, ON_ONE_NODE),
      { extends: true, test: { name: 'alone', include: ALONE, fileParallelism: false } },
    ],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    env: { TZ: 'UTC' },
    restoreMocks: true,
    unstubEnvs: true,
  },
});
