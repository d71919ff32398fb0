import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  it('may have the byte order mark and the line ends of any editor', () => {
    const path = write('secret', `\uFEFF${ROOT_SECRET}\r\n`);
    const config = loadConfig({ ...without('SIGNUM_SECRET'), SIGNUM_SECRET_FILE: path });
    expect(config.keys.rootSecrets.map((secret) => secret.reveal())).toEqual([ROOT_SECRET]);
  });

  it.each([
    ['empty', '', /which is empty/],
    ['blank', ' \n', /which is empty/],
    ['huge', 'a'.repeat(70_000), /which is larger than 65536 bytes/],
    ['binary', Buffer.from([0xff, 0xfe, 0x41]), /which is not UTF-8 text/],
  ])('are not read from a file that is %s', (name, content, fault) => {
    const path = join(dir, name);
    writeFileSync(path, content);
    const faults = faultsOf({ ...without('SIGNUM_SECRET'), SIGNUM_SECRET_FILE: path });
    expect([...faults]).toEqual([['SIGNUM_SECRET_FILE', expect.stringMatching(fault)]]);
  });

  it('are not read from a folder', () => {
    mkdirSync(join(dir, 'folder'));
    const env = { ...without('SIGNUM_SECRET'), SIGNUM_SECRET_FILE: join(dir, 'folder') };
    expect(faultsOf(env).get('SIGNUM_SECRET_FILE')).toMatch(/which is a folder/);
  });

  const FILE_SETTINGS = ['SIGNUM_SECRET', 'SIGNUM_ADMIN_KEY', 'SIGNUM_REDIS_URL', 'REDIS_URL'];

  it.each(FILE_SETTINGS)('come from the file that %s_FILE names', (name) => {
    const values: Readonly<Record<string, string>> = {
      SIGNUM_SECRET: ROOT_SECRET,
      SIGNUM_ADMIN_KEY: ADMIN_KEY,
      SIGNUM_REDIS_URL: 'redis://from-file:1',
      REDIS_URL: 'redis://from-file:1',
    };
    const { SIGNUM_REDIS_URL: _, ...rest } = MINIMAL;
    const env: Record<string, string | undefined> =
      name === 'REDIS_URL' ? rest : { ...MINIMAL, [name]: undefined };
    env[`${name}_FILE`] = write(name, `${values[name]}\n`);
    const { keys, callers, redis } = loadConfig(env);
    const read = [keys.rootSecrets[0], callers.adminKey, redis.url].map((s) => s?.reveal());
    expect(read).toContain(values[name]);
  });

  it('do not show where the secret itself was given for its file, or for another setting', () => {
    const lost = {
      SIGNUM_SECRET_FILE: ROOT_SECRET,
      SIGNUM_CONFIG_FILE: ROOT_SECRET,
      SIGNUM_WORKERS: ROOT_SECRET,
      SIGNUM_PUBLIC_LISTEN: ADMIN_KEY,
      SIGNUM_CORS_ORIGINS: 'https://u:hunter2@app.example',
    };
    const bad = { ...without('SIGNUM_SECRET'), ...lost };
    expect(faultsOf(bad).size).toBe(Object.keys(lost).length);
    for (const canary of [ROOT_SECRET, ADMIN_KEY, 'hunter2']) {
      expect(() => loadConfig(bad)).toThrow(ConfigError);
      expect(() => loadConfig(bad)).not.toThrow(canary);
    }
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

  it('is refused when it sets something twice', () => {
    const path = write('twice.json', '{"workers": 1, "audience": ["workers"], "wo\\u0072kers": 2}');
    const faults = faultsOf({ ...MINIMAL, SIGNUM_CONFIG_FILE: path });
    expect([...faults]).toEqual([[`workers in ${path}`, 'is there twice']]);
  });

  it('may have a byte order mark', () => {
    const path = write('bom.json', '\uFEFF{"workers": 3}\r\n');
    expect(loadConfig({ ...MINIMAL, SIGNUM_CONFIG_FILE: path }).listen.workers).toBe(3);
  });

  it('does not show a key that might be a secret', () => {
    const path = write('key.json', JSON.stringify({ [ADMIN_KEY]: 1, [ROOT_SECRET]: 2 }));
    const env = { ...MINIMAL, SIGNUM_CONFIG_FILE: path };
    expect(() => loadConfig(env)).toThrow('is not a setting');
    expect(() => loadConfig(env)).not.toThrow(ADMIN_KEY);
    expect(() => loadConfig(env)).not.toThrow(ROOT_SECRET);
  });

  it('is refused when it is not there or not an object, without quoting it', () => {
    expect(faultsOf({ ...MINIMAL, SIGNUM_CONFIG_FILE: join(dir, 'no') }).size).toBe(1);
    const path = write('bad.json', `{"secret": "${ROOT_SECRET}`);
    expect(() => loadConfig({ ...MINIMAL, SIGNUM_CONFIG_FILE: path })).toThrow(ConfigError);
    expect(() => loadConfig({ ...MINIMAL, SIGNUM_CONFIG_FILE: path })).not.toThrow(ROOT_SECRET);
  });
});
