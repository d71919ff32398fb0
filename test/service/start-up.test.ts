import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError, type ConfigFault, loadConfig } from '../../src/config/config.ts';
import { type Identity, issueCertificate } from '../../src/dev/issue-certificate.ts';
import { type Server, startServer } from '../../src/server/server.ts';
import { startSignum } from '../setup/child.ts';
import { diagnose } from '../setup/diagnose.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';

const DAY_MS = 86_400_000;
const SLOW_MS = 60_000;

let sibling: TestServer;
let dir: string;

beforeAll(async () => {
  sibling = await startTestServer();
  dir = mkdtempSync(join(tmpdir(), 'signum-start-'));
});
afterAll(async () => {
  await sibling.close();
  rmSync(dir, { recursive: true, force: true });
});

let written = 0;
function write(content: string | Buffer): string {
  written += 1;
  const path = join(dir, `file-${written}`);
  writeFileSync(path, content);
  return path;
}

const ownCert = () => readFileSync(sibling.certificates.certFile);
const ownKey = () => readFileSync(sibling.certificates.keyFile, 'utf8');
const der = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');

function encrypted(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const options = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'p' } as const;
  return privateKey.export(options).toString();
}

function strangeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function publicKey(): string {
  const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return key.export({ format: 'pem', type: 'spki' }).toString();
}

/** The one thing that a start fails for. */
async function faultOf(start: Promise<Server>): Promise<ConfigFault | undefined> {
  const error = await start.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error('it has no fault of the configuration');
  expect(error.faults).toHaveLength(1);
  return error.faults[0];
}

const TLS_KEY = 'SIGNUM_TLS_KEY_FILE';
const TLS_CERT = 'SIGNUM_TLS_CERT_FILE';
const CLIENT_CA = 'SIGNUM_TLS_CLIENT_CA_FILE';
const KEY_FILES = 'SIGNUM_KEY_FILES';

test.each<[string, string, () => string | Buffer, RegExp]>([
  ['a TLS key of another certificate', TLS_KEY, strangeKey, /does not belong to the first/],
  ['an encrypted TLS key', TLS_KEY, encrypted, /is encrypted; take the passphrase off: `openssl/],
  ['an empty TLS key', TLS_KEY, () => '', /is empty/],
  [
    'a TLS key in DER',
    TLS_KEY,
    () => der(ownKey()),
    /is in DER form; PEM is needed: `openssl pkey/,
  ],
  ['a TLS key that is a certificate', TLS_KEY, ownCert, /holds no PEM private key/],
  ['a damaged TLS key', TLS_KEY, () => ownKey().replace(/\n.{8}/, '\nAAAAAAAA'), /is damaged/],
  ['an empty certificate', TLS_CERT, () => '\n', /is empty/],
  ['a certificate that is a key', TLS_CERT, ownKey, /holds no PEM certificate/],
  ['a certificate in DER', TLS_CERT, () => der(String(ownCert())), /openssl x509 -inform der/],
  ['a client CA file without a certificate', CLIENT_CA, ownKey, /holds no PEM certificate/],
  ['a client CA file of text', CLIENT_CA, () => 'see the wiki', /holds no PEM certificate/],
  ['an empty client CA file', CLIENT_CA, () => '', /is empty/],
  [
    'a client CA file with a damaged certificate',
    CLIENT_CA,
    () => `${ownCert()}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    /holds a certificate \(2\.\) that is damaged/,
  ],
  [
    'a client CA file that was cut short',
    CLIENT_CA,
    () => `${ownCert()}\n${String(ownCert()).slice(0, 400)}`,
    /holds a PEM block \(2\.\) without its beginning or its end/,
  ],
  [
    'a client CA file with a list of revoked certificates',
    CLIENT_CA,
    () => `${ownCert()}\n-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n`,
    /no certificate \(X509 CRL\) and is not read/,
  ],
  [
    'a certificate whose chain was cut short',
    TLS_CERT,
    () => `${ownCert()}\n${String(ownCert()).slice(0, 400)}`,
    /holds a PEM block \(2\.\)/,
  ],
  ['two TLS keys', TLS_KEY, () => `${ownKey()}\n${strangeKey()}`, /more than one private key/],
  [
    'a signing key file that was cut short',
    KEY_FILES,
    () => `${ownKey()}\n${String(strangeKey()).slice(0, 80)}`,
    /holds a PEM block \(2\.\)/,
  ],
  [
    'a signing key that says something twice',
    KEY_FILES,
    () => `{"kty":"oct","kid":"a","kid":"b","k":"${'A'.repeat(43)}"}`,
    /must be PEM, a JWK set or a JWK/,
  ],
  ['public signing keys only', KEY_FILES, publicKey, /there are public keys only/],
  ['an empty signing key file', KEY_FILES, () => '', /must be PEM, a JWK set or a JWK/],
  ['an encrypted signing key', KEY_FILES, encrypted, /must hold unencrypted/],
  [
    'a signing key that may only encrypt',
    KEY_FILES,
    () => JSON.stringify({ kty: 'oct', k: 'A'.repeat(43), key_ops: ['encrypt'] }),
    /key_ops/,
  ],
])('%s stops the start by its setting and its file', async (_, setting, content, problem) => {
  const path = write(content());
  const env = { ...sibling.env, [setting]: path, SIGNUM_PARTITIONS: '4' };
  const keys = setting === KEY_FILES ? { SIGNUM_KEYS: 'files' } : {};
  const start = startServer(loadConfig({ ...env, ...keys }));
  const fault = await faultOf(start);
  expect(fault).toMatchObject({ setting, fault: expect.stringMatching(problem) });
  expect(fault?.fault).toContain(path);
});

test.each([TLS_KEY, TLS_CERT, CLIENT_CA, KEY_FILES])(
  '%s that is not there, or a folder, stops the start',
  async (setting) => {
    for (const [path, code] of [
      [join(dir, 'absent'), /ENOENT/],
      [dir, /is a folder|EISDIR/],
    ] as const) {
      const keys = setting === KEY_FILES ? { SIGNUM_KEYS: 'files' } : {};
      const start = startServer(loadConfig({ ...sibling.env, ...keys, [setting]: path }));
      const fault = await faultOf(start);
      expect(fault).toMatchObject({ setting, fault: expect.stringMatching(code) });
    }
  },
);

test('files of any editor are taken: byte order mark, CRLF, blank lines', async () => {
  const odd = (text: string) => `\uFEFF\r\n${text.replaceAll('\n', '\r\n')}\r\n`;
  const server = await startServer(
    loadConfig({
      ...sibling.env,
      [TLS_CERT]: write(odd(String(ownCert()))),
      [TLS_KEY]: write(odd(ownKey())),
      [CLIENT_CA]: write(odd(readFileSync(sibling.certificates.caFile, 'utf8'))),
    }),
  );
  await server.close();
});

test.each(['SIGNUM_PUBLIC_LISTEN', 'SIGNUM_GRPC_LISTEN', 'SIGNUM_OPS_LISTEN'])(
  '%s where nobody can listen stops the start',
  async (setting) => {
    for (const [where, why] of [
      ['192.0.2.1:0', /not an address of this machine/],
      ['no-such-host.invalid:0', /has a name that/],
    ] as const) {
      const start = startServer(loadConfig({ ...sibling.env, [setting]: where }));
      const fault = await faultOf(start);
      expect(fault).toMatchObject({
        setting: `${setting}=${where}`,
        fault: expect.stringMatching(why),
      });
    }
    const taken = `127.0.0.1:${sibling.server.addresses.public.port}`;
    const start = startServer(loadConfig({ ...sibling.env, [setting]: taken }));
    await expect(start).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `${setting}: ${taken} is in use`,
    });
  },
);

test.each(['1', '2'])(
  'the exit code is that for configuration, with SIGNUM_WORKERS=%s, and it is said once',
  { timeout: SLOW_MS },
  async (workers) => {
    const env = { ...sibling.env, SIGNUM_WORKERS: workers, [TLS_KEY]: write(strangeKey()) };
    const child = startSignum(['serve'], env);
    expect(await child.ended, child.output()).toEqual([2, null]);
    expect(child.output().match(/SIGNUM_TLS_KEY_FILE names/g)).toHaveLength(1);
  },
);

async function certificateFiles(
  kind: 'server' | 'client',
  ageDays: number,
  days: number,
): Promise<Record<string, string>> {
  const ca: Identity = {
    certPem: readFileSync(sibling.certificates.caFile, 'utf8'),
    keyPem: readFileSync(sibling.certificates.caFile.replace(/\.crt$/, '.key'), 'utf8'),
  };
  const begin = new Date(Date.now() - ageDays * DAY_MS);
  const subject = { commonName: 'localhost', kind, days, dnsNames: ['localhost'] };
  const made = await issueCertificate(subject, begin, ca);
  return { [TLS_CERT]: write(made.certPem), [TLS_KEY]: write(made.keyPem) };
}

test.each([
  ['has expired', 'server', 10, 5, -5],
  ['is not valid before', 'server', -5, 10, 15],
  ['is not for servers', 'client', 0, 10, 10],
] as const)(
  'a certificate that %s is told at start, at reload and by a metric',
  {
    timeout: SLOW_MS,
  },
  async (told, kind, ageDays, days, daysLeft) => {
    const files = await certificateFiles(kind, ageDays, days);
    const [cert, key] = [files[TLS_CERT] ?? '', files[TLS_KEY] ?? ''];
    const bad = [readFileSync(cert), readFileSync(key)];
    const child = startSignum(['serve'], {
      ...sibling.env,
      ...files,
      SIGNUM_LOG_LEVEL: 'info',
      SIGNUM_TLS_RELOAD: '1h',
    });
    try {
      await child.says(told);
      await child.says('/readyz');
      const [, ops = ''] = /(http:\/\/localhost:\d+) \(/.exec(child.output()) ?? [];
      const metrics = await fetch(`${ops}/metrics`).then((answer) => answer.text());
      const [, seconds] =
        /^signum_certificate_expires_in_seconds{certificate="server"} (\S+)/m.exec(metrics) ?? [];
      expect(Number(seconds) / 86_400).toBeCloseTo(daysLeft, 1);

      writeFileSync(cert, ownCert());
      writeFileSync(key, ownKey());
      child.process.kill('SIGHUP');
      await child.says('TLS certificate reloaded');
      const before = child.output().length;
      writeFileSync(cert, bad[0] ?? '');
      writeFileSync(key, bad[1] ?? '');
      child.process.kill('SIGHUP');
      await child.says('TLS certificate reloaded');
      await expect.poll(() => child.output().slice(before)).toContain(told);
    } finally {
      await child.destroy();
    }
  },
);

test.each([
  ['has expired at', 'server', 10, 5],
  ['is not valid before', 'server', -5, 10],
  ['is not for servers', 'client', 0, 10],
  ['expires in', 'server', 0, 3],
] as const)('the doctor says that a certificate %s', async (told, kind, ageDays, days) => {
  const server = await startTestServer(await certificateFiles(kind, ageDays, days));
  try {
    const findings = await diagnose(server);
    const problems = findings
      .filter(({ subject }) => subject === 'certificate')
      .map(({ problem }) => problem);
    expect(problems).toContainEqual(expect.stringContaining(told));
  } finally {
    await server.close();
  }
});

test('a client CA file that loses its certificates is not taken at reload', {
  timeout: SLOW_MS,
}, async () => {
  const path = write(readFileSync(sibling.certificates.caFile));
  const child = startSignum(['serve'], {
    ...sibling.env,
    [CLIENT_CA]: path,
    SIGNUM_LOG_LEVEL: 'info',
  });
  try {
    await child.says('/readyz');
    writeFileSync(path, 'nothing');
    child.process.kill('SIGHUP');
    await child.says('which holds no PEM certificate');
    await child.says('TLS files not usable, kept the old');
  } finally {
    await child.destroy();
  }
});
