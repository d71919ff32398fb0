import { configDefaults, defineConfig } from 'vitest/config';
import { OTHER_SERVERS, SERVER_VARIABLE } from './test/setup/redis-server.ts';
import type { TopologyName } from './test/setup/topology.ts';
import { wheelExecutable } from './test/setup/wheel.ts';

/** Says of a server that cannot be had that its suites are skipped. */
const NO_SERVER = 'test/setup/no-server.test.ts';

const ALL = [
  'packages/*/src/**/*.test.ts',
  'src/**/*.test.ts',
  'test/**/*.test.ts',
  'bench/**/*.test.ts',
];

/** What has to hold whatever the service runs on. All other suites run on one node. */
const ON_EVERY_TOPOLOGY = [
  ...[
    'src/store/store.test.ts',
    'test/property/**/*.test.ts',
    'test/wire/**/*.test.ts',
    'test/edge/**/*.test.ts',
  ],
];

/** About one server and its way out, whatever it is connected to. */
const ON_ONE_NODE = [
  ...['test/wire/drain.test.ts', 'test/wire/stop.test.ts', 'test/wire/client-address.test.ts'],
];

/** What has to hold whatever version of Redis or Valkey it is. */
const ON_EVERY_SERVER = [
  ...['src/store/**/*.test.ts', 'test/requirements/**/*.test.ts', 'test/lua-contract.test.ts'],
  ...['test/faults/durability.test.ts', 'test/faults/feed.test.ts', 'src/revocations/**/*.test.ts'],
];

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

/** A project that runs some suites on another server than the system's, where that can be had. */
function onServer(name: string) {
  const wheel = OTHER_SERVERS[name];
  const server = wheel && wheelExecutable(wheel);
  if (!server) return { extends: true, test: { name, include: [NO_SERVER] } };
  const env = { TZ: 'UTC', [SERVER_VARIABLE]: server };
  const globalSetup = ['test/setup/shared-redis.ts'];
  return { extends: true, test: { name, include: ON_EVERY_SERVER, env, globalSetup } };
}

export default defineConfig({
  test: {
    projects: [
      onRedis('standalone', ALL, [...ALONE, NO_SERVER]),
      onRedis('sentinel', ON_EVERY_TOPOLOGY, ON_ONE_NODE),
      onRedis('cluster', ON_EVERY_TOPOLOGY, ON_ONE_NODE),
      ...Object.keys(OTHER_SERVERS).map(onServer),
      {
        extends: true,
        test: {
          ...{ name: 'alone', include: ALONE },
          ...{ fileParallelism: false, sequence: { groupOrder: 1 } },
        },
      },
    ],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    env: { TZ: 'UTC' },
    restoreMocks: true,
    unstubEnvs: true,
  },
});
