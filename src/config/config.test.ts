import { describe, expect, it } from 'vitest';
import {
  ADMIN_KEY,
  faultsOf,
  MINIMAL,
  ROOT_SECRET,
  without,
} from '../../test/setup/config-fixture.ts';
import { ConfigError, describeConfig, loadClientConfig, loadConfig } from './config.ts';

describe('loadConfig', () => {
  it('fills in every default and gives durations in milliseconds', () => {
    const config = loadConfig(MINIMAL);
    expect(config.listen.public).toEqual({ host: '0.0.0.0', port: 8443 });
    expect(config.lifetimes).toEqual({
      accessMs: 900_000,
      refreshMs: 604_800_000,
      sessionMs: 2_592_000_000,
    });
    expect(config.limits.maxMessageBytes).toBe(65_536);
    expect(config.limits.ratePerCaller).toBeUndefined();
    expect(config.limits.ratePerUser).toEqual({ perSecond: 20, burst: 200 });
    expect(config.sessions.supersedePolicy).toBe('SUPERSEDE');
    expect(config.tls.clientAuth).toBe('off');
    expect(config.durability).toEqual({ replicas: 0, fsync: false });
  });

  it('is frozen all the way down', () => {
    const config = loadConfig(MINIMAL);
    expect(() => Object.assign(config.lifetimes, { accessMs: 1 })).toThrow(TypeError);
    expect(() => (config.tokens.audiences as string[]).push('x')).toThrow(TypeError);
  });

  it('reports every fault at once', () => {
    const faults = faultsOf({
      ...MINIMAL,
      SIGNUM_ISSUER: undefined,
      SIGNUM_WORKERS: '0',
      SIGNUM_ACCESS_LIFETIME: '25h',
      SIGNUM_REFRESH_GRACE: '10',
      SIGNUM_PUBLIC_LISTEN: '8443',
      SIGNUM_CORS_ORIGINS: 'https://a.example/',
    });
    expect(faults.get('SIGNUM_ISSUER')).toBe('is required');
    expect(faults.get('SIGNUM_WORKERS="0"')).toBe('must be at least 1');
    expect(faults.get('SIGNUM_ACCESS_LIFETIME="25h"')).toBe('must be at most 24h');
    expect(faults.get('SIGNUM_REFRESH_GRACE="10"')).toMatch(/unit/);
    expect(faults.get('SIGNUM_PUBLIC_LISTEN="8443"')).toMatch(/host:port/);
    expect(faults.get('SIGNUM_CORS_ORIGINS="https://a.example/"')).toMatch(/https:\/\/a\.example$/);
    expect(faults.size).toBe(6);
  });

  it('names the allowed range in the message', () => {
    expect(() => loadConfig({ ...MINIMAL, SIGNUM_MAX_DEVICES: '5000' })).toThrow(
      'SIGNUM_MAX_DEVICES="5000" must be at most 1000 (allowed: 1 to 1000)',
    );
  });

  it('refuses an unknown variable and guesses what was meant', () => {
    const faults = faultsOf({ ...MINIMAL, SIGNUM_REFRESH_LIFETME: '1d', SIGNUM_FLUX: '1' });
    expect(faults.get('SIGNUM_REFRESH_LIFETME')).toMatch(/SIGNUM_REFRESH_LIFETIME\?/);
    expect(faults.get('SIGNUM_FLUX')).toBe('is not a setting');
  });

  it('lets be what Kubernetes, development and the command line put into the environment', () => {
    const config = loadConfig({
      ...MINIMAL,
      SIGNUM_SERVICE_HOST: '10.0.0.1',
      SIGNUM_SERVICE_PORT_HTTPS: '8443',
      SIGNUM_PORT: 'tcp://10.0.0.1:8443',
      SIGNUM_PORT_8443_TCP_ADDR: '10.0.0.1',
      SIGNUM_REDIS_PORT_6379_TCP: 'tcp://10.0.0.2:6379',
      SIGNUM_DEV_CA_FILE: 'ca.pem',
      SIGNUM_API_KEY: ADMIN_KEY,
    });
    expect(config.listen.public.port).toBe(8443);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ ...MINIMAL, SIGNUM_WORKERS: '' }).listen.workers).toBe(1);
  });

  describe('lifetimes', () => {
    it.each([
      [{ SIGNUM_ACCESS_LIFETIME: '2h', SIGNUM_REFRESH_LIFETIME: '1h' }, 'SIGNUM_ACCESS_LIFETIME'],
      [{ SIGNUM_REFRESH_LIFETIME: '31d' }, 'SIGNUM_REFRESH_LIFETIME'],
      [{ SIGNUM_ACCESS_LIFETIME: '1500ms' }, 'SIGNUM_ACCESS_LIFETIME="1500ms"'],
      [{ SIGNUM_ACCESS_LIFETIME: '0' }, 'SIGNUM_ACCESS_LIFETIME="0"'],
    ])('refuses %o', (env, setting) => {
      expect([...faultsOf({ ...MINIMAL, ...env }).keys()]).toEqual([setting]);
    });
  });

  describe('TLS', () => {
    const PLAIN = {
      ...MINIMAL,
      SIGNUM_TLS_CERT_FILE: undefined,
      SIGNUM_TLS_KEY_FILE: undefined,
      SIGNUM_INSECURE_PLAINTEXT: 'true',
    };
    const LOOPBACK = { SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0', SIGNUM_GRPC_LISTEN: '[::1]:0' };

    it.each([
      ['SIGNUM_AUDIENCE', 'api,,admin', 'item 2 is empty'],
      ['SIGNUM_AUDIENCE', 'api,', 'item 2 is empty'],
      ['SIGNUM_CORS_HEADERS', ', ,', 'item 1 is empty'],
      ['SIGNUM_SECRET', ',', 'item 1 is empty'],
      ['SIGNUM_TRUSTED_PROXIES', '10.0.0.1/8', 'no bits set behind the 8'],
      ['SIGNUM_TRUSTED_PROXIES', '10.0.0.0/8,192.0.2.128/24', 'item 2 .* behind the 24'],
      ['SIGNUM_TRUSTED_PROXIES', '2001:db8::1/32', 'no bits set behind the 32'],
      ['SIGNUM_TRUSTED_PROXIES', '2001:db8:8000::/33,2001:db8:4000::/33', 'item 2'],
      ['SIGNUM_TRUSTED_PROXIES', '::ffff:10.0.0.0/104', 'must be written as IPv4'],
      ['SIGNUM_TRUSTED_PROXIES', '::ffff:c000:207', 'must be written as IPv4'],
    ])('refuses %s=%s, of which a part would say nothing', (name, value, problem) => {
      const faults = faultsOf({ ...MINIMAL, [name]: value });
      expect([...faults.values()]).toEqual([expect.stringMatching(problem)]);
    });

    it('takes networks by their first address, and single addresses', () => {
      const networks = '10.0.0.0/8,192.0.2.128/25,192.0.2.7,2001:db8::/32,fd00::1,::1/128';
      const { trustedProxies } = loadConfig({
        ...MINIMAL,
        SIGNUM_TRUSTED_PROXIES: networks,
      }).listen;
      expect(trustedProxies.map(({ prefix }) => prefix)).toEqual([8, 25, 32, 32, 128, 128]);
    });

    it('takes secrets one a line, with lines between them', () => {
      const other = Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64url');
      const both = `${MINIMAL.SIGNUM_SECRET}\r\n\r\n${other}\n`;
      const config = loadConfig({ ...MINIMAL, SIGNUM_SECRET: both });
      expect(config.keys.rootSecrets).toHaveLength(2);
    });

    it('needs both a certificate and a key', () => {
      expect([...faultsOf(without('SIGNUM_TLS_KEY_FILE')).keys()]).toEqual(['SIGNUM_TLS_KEY_FILE']);
      expect([...faultsOf(without('SIGNUM_TLS_CERT_FILE')).keys()]).toEqual([
        'SIGNUM_TLS_CERT_FILE',
      ]);
    });

    it('allows plaintext on loopback addresses only, unless told twice', () => {
      expect([...faultsOf(PLAIN).keys()]).toEqual(['SIGNUM_PUBLIC_LISTEN', 'SIGNUM_GRPC_LISTEN']);
      expect(loadConfig({ ...PLAIN, ...LOOPBACK }).tls.insecurePlaintext).toBe(true);
      const anywhere = loadConfig({ ...PLAIN, SIGNUM_INSECURE_PLAINTEXT_ANYWHERE: 'true' });
      expect(anywhere.listen.public.host).toBe('0.0.0.0');
    });

    it('refuses plaintext where a certificate is configured', () => {
      const faults = faultsOf({ ...MINIMAL, ...LOOPBACK, SIGNUM_INSECURE_PLAINTEXT: 'true' });
      expect([...faults.keys()]).toEqual(['SIGNUM_INSECURE_PLAINTEXT']);
    });

    it('takes client certificates when an authority for them is given', () => {
      const config = loadConfig({ ...MINIMAL, SIGNUM_TLS_CLIENT_CA_FILE: 'ca.pem' });
      expect(config.tls.clientAuth).toBe('optional');
      const faults = faultsOf({ ...MINIMAL, SIGNUM_TLS_CLIENT_AUTH: 'required' });
      expect([...faults.keys()]).toEqual(['SIGNUM_TLS_CLIENT_AUTH']);
    });
  });

  describe('Redis', () => {
    it.each([
      'redis://localhost:6379/2',
      'rediss://user:pw@redis.example:6380',
      'redis+sentinel://user:pw@h1:26379,h2:26379/name?sentinel_password=x',
      'redis+cluster://user:pw@h1:7000,h2:7001',
      'rediss+cluster://h1:7000',
    ])('accepts %s', (url) => {
      expect(loadConfig({ ...MINIMAL, SIGNUM_REDIS_URL: url }).redis.url.reveal()).toBe(url);
    });

    it('falls back to REDIS_URL', () => {
      const env = { ...without('SIGNUM_REDIS_URL'), REDIS_URL: 'redis://elsewhere:1' };
      expect(loadConfig(env).redis.url.reveal()).toBe('redis://elsewhere:1');
      expect(
        faultsOf({ ...without('SIGNUM_REDIS_URL'), REDIS_URL: 'http://x' }).has('REDIS_URL'),
      ).toBe(true);
    });

    it('refuses an authority for a connection that is not encrypted', () => {
      const faults = faultsOf({ ...MINIMAL, SIGNUM_REDIS_CA_FILE: 'ca.pem' });
      expect([...faults.keys()]).toEqual(['SIGNUM_REDIS_CA_FILE']);
    });
  });

  it.each([
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'app://obsidian.md',
    'chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb',
    'moz-extension://17d0bfd0-a0b0-4ba5-8b1f-9d0d4c2c0e0f',
    'safari-web-extension://17D0BFD0-A0B0-4BA5-8B1F-9D0D4C2C0E0F',
    'https://app.example',
    'http://localhost:5173',
    'http://[::1]:5173',
    'https://xn--bcher-kva.example',
  ])('takes the origin %s', (origin) => {
    const { corsOrigins } = loadConfig({ ...MINIMAL, SIGNUM_CORS_ORIGINS: origin }).limits;
    expect(corsOrigins).toEqual([origin]);
  });

  it.each([
    '*',
    'null',
    'https://*.example',
    'https://app.*',
    'https://a.example/',
    'https://a.example:443',
    'https://u@a.example',
    'https://a.example?',
    'HTTPS://a.example',
    'https://A.example',
    'https://bücher.example',
    'file://',
    'file://localhost',
    'data://x',
    'javascript://x',
    'ws://a.example',
    'capacitor://',
    'capacitor://*',
    'capacitor://localhost/',
    'localhost',
  ])('refuses the origin %s', (origin) => {
    expect(faultsOf({ ...MINIMAL, SIGNUM_CORS_ORIGINS: origin }).size).toBe(1);
  });

  it.each([
    ['https://id.example/signum', 'must not have a path'],
    ['https://id.example/?x', 'must not have a path'],
    ['https://u:p@id.example', 'must not hold a user name or password'],
    ['id.example', 'must be an https or http URL'],
  ])('takes no public URL but an origin, below which the endpoints are: %s', (url, fault) => {
    const faults = faultsOf({ ...MINIMAL, SIGNUM_PUBLIC_URL: url });
    expect([...faults]).toEqual([
      [expect.stringMatching(/^SIGNUM_PUBLIC_URL/), expect.stringContaining(fault)],
    ]);
  });

  it('takes names of headers for pages to send, and no wildcard', () => {
    const env = { ...MINIMAL, SIGNUM_CORS_HEADERS: 'traceparent, X-B3-TraceId' };
    expect(loadConfig(env).limits.corsHeaders).toEqual(['traceparent', 'x-b3-traceid']);
    for (const bad of ['*', 'a b', 'x:', 'a,A']) {
      expect(faultsOf({ ...MINIMAL, SIGNUM_CORS_HEADERS: bad }).size).toBe(1);
    }
  });

  it('requires key files exactly when keys come from files', () => {
    expect(faultsOf({ ...MINIMAL, SIGNUM_KEYS: 'files' }).has('SIGNUM_KEY_FILES')).toBe(true);
    expect(faultsOf({ ...MINIMAL, SIGNUM_KEY_FILES: 'a.pem' }).has('SIGNUM_KEY_FILES')).toBe(true);
    const config = loadConfig({
      ...MINIMAL,
      SIGNUM_KEYS: 'files',
      SIGNUM_KEY_FILES: 'a.pem, b.pem',
    });
    expect(config.keys.files).toEqual(['a.pem', 'b.pem']);
  });

  it.each([
    ['off', 'off'],
    ['stdout', 'stdout'],
    ['/var/log/audit', { file: '/var/log/audit' }],
  ])('reads the audit destination %s', (text, value) => {
    expect(loadConfig({ ...MINIMAL, SIGNUM_AUDIT: text }).logs.audit).toEqual(value);
  });

  it('does not take a misspelt audit destination for a file', () => {
    expect(faultsOf({ ...MINIMAL, SIGNUM_AUDIT: 'stdou' }).size).toBe(1);
  });
});

describe('describeConfig', () => {
  it('shows values that can be configured again', () => {
    const config = loadConfig({ ...MINIMAL, SIGNUM_PUBLIC_LISTEN: '[::]:8443' });
    const rows = describeConfig(config).filter(({ value }) => !value.includes('[redacted]'));
    const env = Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    const { sources: _, ...again } = loadConfig({ ...env, SIGNUM_SECRET: ROOT_SECRET });
    const { sources: __, ...first } = config;
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
  });
});

describe('loadClientConfig', () => {
  it('has defaults for everything and knows the server beside it', () => {
    const config = loadClientConfig({ ...MINIMAL });
    expect(config.address).toBe('https://localhost:8443');
    expect(config.apiKey).toBeUndefined();
  });

  it('needs a client certificate and its key together', () => {
    expect(() => loadClientConfig({ SIGNUM_CLIENT_CERT_FILE: 'c.pem' })).toThrow(ConfigError);
  });

  it('refuses what the server would', () => {
    expect(() => loadClientConfig({ SIGNUM_ADRESS: 'https://x' })).toThrow(/SIGNUM_ADDRESS\?/);
    expect(() => loadClientConfig({ SIGNUM_API_KEY: 'sgn_x' })).toThrow(ConfigError);
  });
});
