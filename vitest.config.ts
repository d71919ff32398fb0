import { availableParallelism } from 'node:os';
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
    'test/bound/**/*.test.ts',
    'test/oauth/assertion-once.test.ts',
    'test/oauth/tls-client-auth.test.ts',
  ],
];

/** About one server and its way out, whatever it is connected to. */
const ON_ONE_NODE = [
  ...['test/wire/drain.test.ts', 'test/wire/stop.test.ts', 'test/wire/client-address.test.ts'],
];

/** What has to hold whatever version of Redis or Valkey it is. */
const ON_EVERY_SERVER = [
  ...['src/store/**/*.test.ts', 'test/requirements/**/*.test.ts', 'test/lua-contract.test.ts'],
  ...['test/faults/durability.test.ts', 'test/faults/feed.test.ts', 'test/faults/torn-log.test.ts'],
  'src/revocations/**/*.test.ts',
];

/** What judges how soon a call settles: nothing else runs meanwhile. */
const ALONE = ['test/faults/checker.test.ts', 'test/faults/scenarios.test.ts'];

/** Files wait for Redis, proxies and leases more than they compute: on two processors two run at once. */
const WORKERS = Math.max(2, availableParallelism() - 1);

/**
 * When a project runs: those of one number at the same time, after those of a smaller one. All of one
 * number have as many workers.
 */
const TURN = { standalone: 0, otherServers: 1, sentinel: 2, cluster: 3, alone: 4 } as const;

/** A project that runs some suites on one kind of Redis, started once for all of them. */
function onRedis(name: TopologyName, include: readonly string[], exclude: readonly string[] = []) {
  // Only a standalone Redis has databases to tell files apart by; on others they take turns.
  const fileParallelism = name === 'standalone';
  const globalSetup = ['test/setup/shared-redis.ts'];
  const files = { include: [...include], exclude: [...configDefaults.exclude, ...exclude] };
  const sequence = { groupOrder: TURN[name] };
  return { extends: true, test: { name, ...files, globalSetup, fileParallelism, sequence } };
}

/** A project that runs some suites on another server than the system's, where that can be had. */
function onServer(name: string) {
  const wheel = OTHER_SERVERS[name];
  const server = wheel && wheelExecutable(wheel);
  const sequence = { groupOrder: TURN.otherServers };
  if (!server) return { extends: true, test: { name, include: [NO_SERVER], sequence } };
  const env = { TZ: 'UTC', [SERVER_VARIABLE]: server };
  const globalSetup = ['test/setup/shared-redis.ts'];
  return { extends: true, test: { name, include: ON_EVERY_SERVER, env, globalSetup, sequence } };
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
          ...{ fileParallelism: false, sequence: { groupOrder: TURN.alone } },
        },
      },
    ],
    maxWorkers: WORKERS,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    env: { TZ: 'UTC' },
    restoreMocks: true,
    unstubEnvs: true,
  },
});
