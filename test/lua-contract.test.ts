import { readdirSync, readFileSync } from 'node:fs';
import type { RefreshClaims } from '@signum/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Runner } from '../src/store/dispatch/runner.ts';
import type { Item } from '../src/store/dispatch/shared-runs.ts';
import { changeLeases } from '../src/store/feed/lease-table.ts';
import { readFeed } from '../src/store/feed/read-feed.ts';
import { createLock } from '../src/store/lock.ts';
import { FIELD } from '../src/store/scripts/fields.ts';
import { SHARED_KEYS } from '../src/store/scripts/keys.ts';
import { type Argument, loadScript, SCRIPTS, type Script } from '../src/store/scripts/script.ts';
import { noteFingerprint } from '../src/store/sessions/fingerprint.ts';
import { issue } from '../src/store/sessions/issue.ts';
import { useProof } from '../src/store/sessions/prove.ts';
import { takeFromRate } from '../src/store/sessions/rate-limit.ts';
import { refresh } from '../src/store/sessions/refresh.ts';
import { revokeDevice } from '../src/store/sessions/revoke.ts';
import { listSessions } from '../src/store/sessions/sessions.ts';
import { sweepPartition } from '../src/store/sessions/sweep.ts';
import { validate } from '../src/store/sessions/validate.ts';
import { raiseWatermark } from '../src/store/sessions/watermark.ts';
import type { Store } from '../src/store/store.ts';
import { openTestStore, planFor, soon } from './setup/store.ts';

/** What a script's header says of its keys or arguments. */
interface Declared {
  readonly fixed: readonly string[];
  /** Names that repeat after the fixed ones, such as `KEYS[5 + 3i]`. */
  readonly repeated: readonly string[];
  /** Whether the last fixed one may be absent, or stands for any number. */
  readonly open: boolean;
}

const LUA = new URL('../lua/', import.meta.url);
const NAMES = readdirSync(LUA)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => file.slice(0, -4));

function textOf(name: string): string {
  return readFileSync(new URL(`${name}.lua`, LUA), 'utf8');
}

function declared(name: string, what: 'KEYS' | 'ARGV'): Declared {
  const lines = textOf(name).matchAll(
    new RegExp(`^-- ${what}\\[(\\d+)( \\+ \\d*i|\\.\\.\\.)?\\] (\\w+)(.*)$`, 'gm'),
  );
  const all = [...lines].map(([, index, suffix, label, rest]) => ({
    index: Number(index),
    suffix,
    label,
    rest,
  }));
  expect(
    all.map(({ index }) => index),
    `${name} ${what} numbers`,
  ).toEqual(all.map((_, i) => i + 1));
  const fixed = all.filter(({ suffix }) => suffix === undefined);
  return {
    fixed: fixed.map(({ label }) => label as string),
    repeated: all.filter(({ suffix }) => suffix?.includes('i')).map(({ label }) => label as string),
    open: all.some(({ suffix, rest }) => suffix === '...' || /absent/.test(rest ?? '')),
  };
}

function bodyOf(name: string): string {
  return textOf(name)
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n');
}

interface Run {
  readonly script: string;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

let store: Store;
const runs: Run[] = [];

beforeAll(async () => {
  const open = await openTestStore();
  store = { ...open, runner: record(open) };
  await useEveryScript(store);
});
afterAll(() => store.close());

/** A runner that notes what each script is given. */
function record(open: Store): Runner {
  class Recorder extends Runner {
    override run(
      script: Script,
      keys: readonly string[],
      args: readonly Argument[],
      deadline: { deadlineAtMs: number },
    ) {
      runs.push({ script: script.name, keys, args });
      return super.run(script, keys, args, deadline);
    }

    override runShared(script: Script, item: Item, deadline: { deadlineAtMs: number }) {
      runs.push({ script: script.name, ...item });
      return super.runShared(script, item, deadline);
    }
  }
  return new Recorder(open.client, open.client);
}

async function useEveryScript(on: Store): Promise<void> {
  const device = { tenantId: 'a', userId: 'b', deviceId: 'c' };
  const durability = { replicas: 0, fsync: false };
  const outcome = await issue(
    on,
    planFor(device, { requestId: '0190a0a0-0000-7000-8000-000000000009' }),
    soon(),
  );
  if (!('grant' in outcome)) throw new Error(outcome.status);
  const { sessionId, tokenId } = outcome.grant;
  await noteFingerprint(on, device, tokenId, 'fingerprint', soon());
  await validate(on, { ...device, tokenId }, soon());
  await listSessions(on, device, { afterDeviceId: '', limit: 10 }, soon());
  const presented: RefreshClaims = {
    device,
    sessionId,
    tokenId,
    generation: 0,
    confirmation: undefined,
    issuedAtS: 0,
    expiresAtS: 0,
  };
  await refresh(
    on,
    {
      ...{ presented, tokenId: 'next', keyId: 'key-1', staleKeyId: '' },
      ...{ allowedAudiences: ['api'], rate: undefined, by: 'user' },
    },
    soon(),
  );
  const proof = { thumbprint: 't', proofId: 'p', nonce: undefined, fromS: 0, untilS: 4e9 };
  await useProof(on, device, proof, soon());
  await raiseWatermark(on, { tenantId: 'z' }, 'test', durability, soon());
  const { partition, active } = on.keyspace.place(device);
  await on.client.hset(active, FIELD.rexp, 1);
  await on.client.zadd(partition.expiry, 1, 'a:b:c', 1, '::t:z');
  await sweepPartition(on, partition, 10, soon());
  const lock = { key: SHARED_KEYS.sweeper, owner: 'someone', ttlMs: 1000 };
  await createLock(on.runner, lock).hold(soon());
  await on.runner.run(SCRIPTS.touch, [partition.revision], [], soon());
  await issue(on, planFor(device), soon());
  await revokeDevice(on, device, {}, { reason: 'LOGOUT', by: 'test', durability }, soon());
  await readFeed(on, partition, { which: 'ALL', count: 10 }, soon());
  await on.runner.run(SCRIPTS.vouch, [partition.revision], [], soon());
  await changeLeases(on, {}, () => 'id', soon());
  await takeFromRate(on, 'user', 'someone', { perSecond: 1, burst: 1 }, soon());
  const { createRecords } = await import('../src/store/records.ts');
  await createRecords(on.runner, 'signum:callers').put('name', 'value', null, soon());
}

describe.each(NAMES)('lua/%s.lua', (name) => {
  test('begins with a bare shebang and says what it is for', () => {
    const [first, second] = textOf(name).split('\n');
    expect(first).toMatch(/^#!lua( flags=allow-oom)?$/);
    expect(second).toMatch(/^-- \w/);
  });

  test('binds each declared key and argument to a local of its name', () => {
    const body = bodyOf(name);
    for (const what of ['KEYS', 'ARGV'] as const) {
      const { fixed, open } = declared(name, what);
      const bound = [...body.matchAll(/^local (.+?) = (.+)$/gm)].flatMap(
        ([, left = '', right = '']) => {
          const values = right.split(/,\s*(?![^(]*\))/);
          return left.split(/,\s*/).map((local, i) => ({ local, value: values[i] ?? '' }));
        },
      );
      fixed.forEach((label, i) => {
        const match = bound.find(
          ({ value }) => value === `${what}[${i + 1}]` || value === `number(${what}[${i + 1}])`,
        );
        expect([label, `${label}_key`], `${what}[${i + 1}]`).toContain(match?.local);
      });
      const highest = Math.max(
        0,
        ...[...body.matchAll(new RegExp(`${what}\\[(\\d+)\\]`, 'g'))].map(([, n]) => Number(n)),
      );
      expect(highest, `undeclared ${what}`).toBeLessThanOrEqual(fixed.length + (open ? 1 : 0));
    }
  });

  test('builds no key of its own', () => {
    const keys = [
      ...bodyOf(name).matchAll(/redis\.call\('(\w+)',(?: 'STREAM',)?\s*([^,)]+)/g),
    ].filter(([, command]) => command !== 'TIME');
    for (const [call, , key] of keys) expect(key, call).not.toMatch(/\.\.|ARGV|'/);
  });

  test('is given what it declares', () => {
    const given = runs.filter(({ script }) => script === name);
    expect(given.length).toBeGreaterThan(0);
    const keys = declared(name, 'KEYS');
    const args = declared(name, 'ARGV');
    for (const run of given) {
      expect(fits(run.keys.length, keys), `${run.keys.length} keys`).toBe(true);
      expect(fits(run.args.length, args), `${run.args.length} arguments`).toBe(true);
      run.keys.slice(0, keys.fixed.length).forEach((key, i) => {
        expect(key).toMatch(kindOf(keys.fixed[i] as string));
      });
      const slots = new Set(run.keys.map((key) => /\{(\d+)\}/.exec(key)?.[1]));
      expect(slots.size, 'one hash tag').toBe(1);
    }
  });

  test('refuses what is not a number, and changes nothing', async () => {
    const run = runs.findLast(({ script }) => script === name);
    if (!run) throw new Error('never ran');
    const { source } = loadScript(name);
    const snapshot = () => Promise.all(run.keys.map((key) => store.client.dumpBuffer(key)));
    // Some live for a second.
    await Promise.all(run.keys.map((key) => store.client.persist(key)));
    const before = await snapshot();
    for (const [i, value] of run.args.entries()) {
      if (typeof value !== 'number' || isFlag(name)) continue;
      const args = run.args.with(i, 'x');
      const ran = store.client.eval(source, run.keys.length, ...run.keys, ...args);
      await expect(ran.then(onlyReply), `ARGV[${i + 1}]`).rejects.toThrow();
    }
    expect(await snapshot()).toEqual(before);
  });
});

/** What a script that takes many items has to say of one: an error counts as one of the script. */
function onlyReply(reply: unknown): unknown {
  const [only] = Array.isArray(reply) ? reply : [reply];
  if (only instanceof Error) throw only;
  return only;
}

/** Scripts whose numbers are only ever compared as text. */
function isFlag(name: string): boolean {
  return name === 'record_put';
}

function fits(count: number, { fixed, repeated, open }: Declared): boolean {
  const extra = count - fixed.length;
  if (repeated.length > 0) return extra >= 0 && extra % repeated.length === 0;
  return open ? extra >= -1 : extra === 0;
}

/** What the key under a declared name looks like. */
function kindOf(label: string): RegExp {
  if (label === 'records') return /^signum:(keys|callers)$/;
  if (label === 'channel') return /^signum:\{\d+\}:channel:\d+$/;
  if (label === 'lock') return /^signum:sweeper$/;
  if (label === 'leases') return /^signum:\{leases\}:table$/;
  if (label === 'limit') return /^signum:\{\d+\}:rate:/;
  if (label.startsWith('revoked')) return /^signum:\{\d+\}:revoked:/;
  return new RegExp(`^signum:\\{\\d+\\}:${label}(:|$)`);
}
