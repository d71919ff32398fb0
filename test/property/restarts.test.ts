import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, inject, test } from 'vitest';
import { generateJwk } from '../../src/signing/keys/generate-jwk.ts';
import { startAnother } from '../requirements/another-server.ts';
import { KeyService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { openTestStore } from '../setup/store.ts';
import { History } from './history.ts';
import { letTimePass } from './let-time-pass.ts';
import { hostileDevices } from './operations.ts';

/** A sequence takes some seconds: a restart is a whole server. */
const RUNS = inject('redis').topology === 'standalone' ? 10 : 3;

let dir: string;
let server: TestServer;
let store: Awaited<ReturnType<typeof openTestStore>>;
let runs = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-test-keys-'));
  for (const name of ['a', 'b']) {
    writeFileSync(join(dir, name), JSON.stringify(await generateJwk('ES256')), { mode: 0o600 });
  }
  // The test says when it is swept.
  server = await startTestServer({ SIGNUM_AUDIENCE: 'a,b', SIGNUM_SWEEP_INTERVAL: '1h' });
  store = await openTestStore({ skewMs: 0, feedMs: 0 }, server.redisUrl);
});
afterAll(async () => {
  await store?.close();
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

const device = fc.nat({ max: 3 });

const settings = fc.record({
  lifetimes: fc.constantFrom(['1s', '2s', '2s'], ['1m', '1h', '24h'], ['24h', '30d', '365d']),
  keyFiles: fc.constantFrom(['a'], ['b'], ['a', 'b'], ['b', 'a'], []),
  audiences: fc.constantFrom('a', 'b', 'a,b', 'b,a'),
  skew: fc.constantFrom('0', '60s', '300s'),
  grace: fc.constantFrom('0', '10s', '300s'),
  maxDevices: fc.constantFrom('1', '100'),
  ratePerUser: fc.constantFrom('0', '1/h:5'),
  policy: fc.constantFrom('supersede', 'deny_new', 'require_proof'),
});

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('issue' as const), device, again: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('refresh' as const), session: fc.nat(), at: fc.nat() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('end-device' as const, 'end-user' as const, 'end-tenant' as const),
      device,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke-key' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('restart' as const), settings }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('time-passes' as const),
      ms: fc.constantFrom<number[]>(2_000, 70_000, 4_000_000, 90_000_000),
    }),
  },
);

type Of<T> = T extends fc.Arbitrary<infer V> ? V : never;
type Operation = Of<typeof operation>;

async function restart(change: Of<typeof settings>): Promise<void> {
  const [access = '', refresh = '', session = ''] = change.lifetimes;
  const files = change.keyFiles.map((name) => join(dir, name)).join(',');
  await server.server.close();
  server = await startAnother({
    ...server,
    env: {
      ...server.env,
      SIGNUM_ACCESS_LIFETIME: access,
      SIGNUM_REFRESH_LIFETIME: refresh,
      SIGNUM_SESSION_LIFETIME: session,
      SIGNUM_KEYS: files === '' ? 'managed' : 'files',
      SIGNUM_KEY_FILES: files,
      SIGNUM_AUDIENCE: change.audiences,
      SIGNUM_CLOCK_SKEW: change.skew,
      SIGNUM_REFRESH_GRACE: change.grace,
      SIGNUM_MAX_DEVICES: change.maxDevices,
      SIGNUM_RATE_USER: change.ratePerUser,
      SIGNUM_SUPERSEDE_POLICY: change.policy,
    },
  });
}

async function revokeSigningKey(history: History): Promise<void> {
  // Of keys from files none would be left in the end.
  if (server.env['SIGNUM_KEYS'] === 'files') return;
  const keys = server.client(KeyService);
  const signing = (await keys.listKeys({})).keys.find(({ state }) => state === 2);
  await keys.revokeKey({ keyId: signing?.keyId ?? '' });
  history.endKey(signing?.keyId ?? '');
}

const SHORT: Of<typeof settings> = {
  lifetimes: ['1s', '2s', '2s'],
  ...{ keyFiles: [], audiences: 'a', skew: '0', grace: '0' },
  ...{ maxDevices: '100', ratePerUser: '0', policy: 'supersede' },
};
const ISSUE = { do: 'issue', device: 0, again: false } as const;
const REFRESH = { do: 'refresh', session: 0, at: 0 } as const;
const PASS = { do: 'time-passes', ms: 70_000 } as const;

/** Once each of these brought something back. */
const EXAMPLES: readonly (readonly Operation[])[] = [
  // Marks that were kept by what was configured when they were raised.
  [ISSUE, { do: 'restart', settings: SHORT }, { do: 'end-tenant', device: 0 }, PASS, REFRESH],
  [ISSUE, { do: 'restart', settings: SHORT }, { do: 'revoke-key' }, PASS, REFRESH],
  // Answers that were given again.
  [ISSUE, { do: 'end-tenant', device: 0 }, { ...ISSUE, again: true }],
  [ISSUE, { do: 'revoke-key' }, { ...ISSUE, again: true }],
  [ISSUE, REFRESH, { do: 'revoke-key' }, REFRESH],
];

test('what was ever revoked stays so, whatever servers are restarted with in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 24 }), async (operations) => {
      runs += 1;
      const history = new History(hostileDevices(runs));
      for (const each of operations) {
        if (each.do === 'restart') await restart(each.settings);
        else if (each.do === 'time-passes') await letTimePass(store, each.ms);
        else if (each.do === 'revoke-key') await revokeSigningKey(history);
        else await history.apply(each, server.client(TokenService));
        await history.check(server.client(TokenService));
      }
    }),
    {
      numRuns: EXAMPLES.length + RUNS,
      examples: EXAMPLES.map((each) => [[...each]]),
      endOnFailure: true,
    },
  );
}, 180_000);
