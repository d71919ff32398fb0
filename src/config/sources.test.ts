import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ADMIN_KEY,
  faultsOf,
  MINIMAL,
  ROOT_SECRET,
  without,
} from '../../test/setup/config-fixture.ts';
import { ConfigError, describeConfig, loadConfig } from './config.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-config-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

describe('secrets', () => {
  it('come from a file, one a line', () => {
    const other = ROOT_SECRET.split('').reverse().join('');
    const path = write('secret', `${ROOT_SECRET}\n${other}\n`);
    const config = loadConfig({ ...without('SIGNUM_SECRET'), SIGNUM_SECRET_FILE: path });
    expect(config.keys.rootSecrets.map((s) => s.reveal())).toEqual([ROOT_SECRET, other]);
  });

  it('must not come from two places', () => {
    const path = write('secret', ROOT_SECRET);
    expect(faultsOf({ ...MINIMAL, SIGNUM_SECRET_FILE: path }).get('SIGNUM_SECRET')).toMatch(
      /SIGNUM_SECRET_FILE/,
    );
  });

  it('name the file that cannot be read', () => {
    const path = join(dir, 'absent');
    const faults = faultsOf({ ...without('SIGNUM_SECRET'), SIGNUM_SECRET_FILE: path });
    expect(faults.get('SIGNUM_SECRET_FILE')).toContain(`${path}, which cannot be read (ENOENT)`);
  });

  it('never show in a fault, a print or a description', () => {
    const canary = 'canary-canary';
    const bad = {
      ...MINIMAL,
      SIGNUM_SECRET: canary,
      SIGNUM_ADMIN_KEY: canary,
      SIGNUM_REDIS_URL: `http://u:${canary}@h`,
    };
    expect([...faultsOf(bad).keys()].sort()).toEqual([
      'SIGNUM_ADMIN_KEY',
      'SIGNUM_REDIS_URL',
      'SIGNUM_SECRET',
    ]);
    expect(() => loadConfig(bad)).not.toThrow(canary);

    const url = `redis+sentinel://u:${canary}@h:1/name?sentinel_password=${canary}`;
    const good = { ...MINIMAL, SIGNUM_REDIS_URL: url, SIGNUM_ADMIN_KEY: ADMIN_KEY };
    const config = loadConfig(good);
    const shown =
      inspect(config, { depth: null }) +
      JSON.stringify(config) +
      JSON.stringify(describeConfig(config));
    for (const secret of [canary, ROOT_SECRET, ADMIN_KEY]) expect(shown).not.toContain(secret);
  });

  it('must be strong', () => {
    expect(faultsOf({ ...MINIMAL, SIGNUM_SECRET: 'a'.repeat(64) }).has('SIGNUM_SECRET')).toBe(true);
    const twice = `${ROOT_SECRET},${ROOT_SECRET}`;
    expect(faultsOf({ ...MINIMAL, SIGNUM_SECRET: twice }).get('SIGNUM_SECRET')).toMatch(/twice/);
  });
});

describe('the configuration file', () => {
  const withFile = (content: unknown, env: Record<string, string | undefined> = MINIMAL) => ({
    ...env,
    SIGNUM_CONFIG_FILE: write('signum.json', JSON.stringify(content)),
  });

  it('sets what the environment does not', () => {
    const config = loadConfig(
      withFile(
        { workers: 4, max_devices: 7, audience: ['a', 'b'], durability_fsync: true },
        { ...without('SIGNUM_AUDIENCE'), SIGNUM_MAX_DEVICES: '9' },
      ),
    );
    expect(config.listen.workers).toBe(4);
    expect(config.sessions.maxDevices).toBe(9);
    expect(config.tokens.audiences).toEqual(['a', 'b']);
    expect(config.durability.fsync).toBe(true);
    const sources = new Map(describeConfig(config).map(({ name, source }) => [name, source]));
    expect(sources.get('SIGNUM_WORKERS')).toBe('file');
    expect(sources.get('SIGNUM_MAX_DEVICES')).toBe('env');
    expect(sources.get('SIGNUM_SWEEP_BATCH')).toBe('default');
  });

  it('can give tenants whose ids hold commas and equals signs', () => {
    const config = loadConfig(withFile({ supersede_policy_tenants: ['a,b=c=deny_new'] }));
    expect(config.sessions.tenantPolicies).toEqual(new Map([['a,b=c', 'DENY_NEW']]));
  });

  it('is refused for keys that are unknown and values that are no values', () => {
    const faults = faultsOf(withFile({ max_device: 1, workers: { n: 1 } }));
    expect([...faults.entries()].map(([key, fault]) => [key.split(' ')[0], fault])).toEqual([
      ['max_device', 'is not a setting: did you mean max_devices?'],
      ['workers', 'must be a text, a number, a boolean or a list of texts'],
    ]);
  });

  it('is refused when it is not there or not an object, without quoting it', () => {
    expect(faultsOf({ ...MINIMAL, SIGNUM_CONFIG_FILE: join(dir, 'no') }).size).toBe(1);
    const path = write('bad.json', `{"secret": "${ROOT_SECRET}`);
    expect(() => loadConfig({ ...MINIMAL, SIGNUM_CONFIG_FILE: path })).toThrow(ConfigError);
    expect(() => loadConfig({ ...MINIMAL, SIGNUM_CONFIG_FILE: path })).not.toThrow(ROOT_SECRET);
  });
});
