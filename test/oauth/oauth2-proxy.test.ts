import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EchoService, startEchoService } from '../../examples/run/echo-service.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { ask, bearer } from '../gateways/client.ts';
import { type Child, startChild } from '../setup/child.ts';
import { goExecutable, OAUTH2_PROXY } from '../setup/go-program.ts';
import { AUDIENCE } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { type ClientLab, openClientLab } from './client-lab.ts';

const GUIDE = 'docs/guide/oauth-clients.md';

const path = goExecutable(OAUTH2_PROXY);
const title = `oauth2-proxy${path ? '' : ` (needs ${OAUTH2_PROXY.version}, built by a Go compiler)`}`;

/** The guide's configurations: Signum as the provider, and beside another provider. */
const [AS_PROVIDER = '', BESIDE_ANOTHER = ''] = [
  ...readFileSync(GUIDE, 'utf8').matchAll(/```toml\n([\s\S]*?)```/g),
].map(([, block]) => block);

/** What a deployment with logins has besides. */
const OTHER_PROVIDER = `
provider = "github"
client_id = "login"
client_secret = "login"
cookie_secret = "change-me-change-me-change-me-32"
email_domains = ["*"]
http_address = "127.0.0.1:4180"
upstreams = ["http://127.0.0.1:3000/"]
`;

describe.skipIf(path === undefined)(title, () => {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-oauth2-proxy-'));
  let lab: ClientLab;
  let service: EchoService;
  beforeAll(async () => {
    lab = await openClientLab();
    service = await startEchoService();
  });
  afterAll(async () => {
    await service?.close();
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  describe.each([
    ['with Signum as its provider', AS_PROVIDER],
    ['with Signum beside another provider', OTHER_PROVIDER + BESIDE_ANOTHER],
  ])('%s', (_what, configuration) => {
    let port: number;
    let proxy: Child;
    beforeAll(async () => {
      port = await findFreePort();
      const file = join(dir, `${port}.cfg`);
      writeFileSync(file, adapted(configuration, port));
      proxy = startChild(path ?? '', ['--config', file], {});
      await until('the proxy takes connections', () =>
        ask(port, { path: '/ping' }).then(
          () => true,
          () => proxy.process.exitCode !== null,
        ),
      );
      if (proxy.process.exitCode !== null) throw new Error(proxy.output());
    });
    afterAll(() => proxy?.destroy());

    const statusOf = async (token: string) => (await ask(port, { headers: bearer(token) })).status;

    test('good tokens pass, whatever published key has signed them', async () => {
      const { good } = await lab.given();
      for (const token of Object.values(good)) expect(await statusOf(token)).toBe(200);
    });

    test('the service is told whose token it is', async () => {
      const { accessToken } = await lab.issue();
      const { body } = await ask(port, { headers: bearer(accessToken) });
      expect(JSON.parse(body)).toMatchObject({ 'x-forwarded-user': 'ada' });
    });

    test('what is expired, forged, of another issuer or for another audience is refused', async () => {
      const { bad, refresh_token } = await lab.given();
      for (const token of [...Object.values(bad), refresh_token]) {
        expect(await statusOf(token)).toBe(401);
      }
      expect((await ask(port)).status).toBe(401);
    });

    test('a token that was revoked passes until it expires, as the guide says', async () => {
      const [long, short] = [await lab.issue(), await lab.issue({ lifetimeS: 1 })];
      await Promise.all([long.revoke(), short.revoke()]);
      await until('it expires', async () => (await statusOf(short.accessToken)) === 401);
      expect(await statusOf(long.accessToken)).toBe(200);
    });

    test('a token that is bound to a key passes without it, as the guide says', async () => {
      expect(await statusOf((await lab.given()).bound.access_token)).toBe(200);
    });
  });

  /** The configuration with this machine's addresses and names. */
  function adapted(configuration: string, port: number): string {
    const { issuer, signum } = lab;
    return configuration
      .replaceAll('https://signum.example.com', issuer)
      .replaceAll('/etc/signum/ca.crt', signum.certificates.caFile)
      .replaceAll('your-api', AUDIENCE)
      .replaceAll('127.0.0.1:4180', `127.0.0.1:${port}`)
      .replaceAll('127.0.0.1:3000', `127.0.0.1:${service.port}`);
  }
});
