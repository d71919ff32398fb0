import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { chromiumPath } from '../setup/tools.ts';
import { issued, newDevice } from '../wire/issued.ts';
import type * as PageScript from './page.ts';
import { bundlePage, type PageServer, servePage } from './page-server.ts';

/** What page.ts exports, in the page. */
declare const signum: typeof PageScript;

const PROTOCOLS = ['Connect', 'gRPC-web'] as const;

const executablePath = chromiumPath();

describe.skipIf(executablePath === undefined)(
  executablePath ? 'a web page' : 'a web page (needs Chromium)',
  () => {
    let allowed: PageServer;
    let foreign: PageServer;
    let server: TestServer;
    let browser: Browser;

    beforeAll(async () => {
      const script = await bundlePage();
      [allowed, foreign] = await Promise.all([servePage(script), servePage(script)]);
      server = await startTestServer({ SIGNUM_CORS_ORIGINS: allowed.origin });
      browser = await launch(server);
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await server?.close();
      await Promise.all([allowed?.close(), foreign?.close()]);
    });

    async function open({ origin }: PageServer): Promise<Page> {
      const page = await browser.newPage();
      await page.goto(origin);
      return page;
    }

    async function newVisit(protocol: (typeof PROTOCOLS)[number]): Promise<PageScript.Visit> {
      const { accessToken, refreshToken } = await issued(server.client(TokenService), newDevice());
      const { address, adminKey: apiKey } = server;
      return { protocol, address, apiKey, accessToken, refreshToken };
    }

    describe.each(PROTOCOLS)('with %s', (protocol) => {
      test('validates, refreshes, logs out and reads errors from an allowed origin', async () => {
        const page = await open(allowed);
        const findings = await page.evaluate(
          (each) => signum.visit(each),
          await newVisit(protocol),
        );
        expect(findings).toMatchObject({
          validated: 'ACTIVE',
          refreshed: true,
          revoked: 1,
          validatedAfter: 'REVOKED',
          failures: [
            { code: 'Unauthenticated', reason: 'CREDENTIAL_MISSING', hasRetryInfo: false },
            {
              code: 'InvalidArgument',
              reason: 'INVALID_FIELD',
              metadata: { field: 'device' },
              hasRetryInfo: false,
            },
            { code: 'Unavailable', reason: 'STALE_REVISION', hasRetryInfo: true },
          ],
        });
      }, 60_000);

      test('hears when and why its session ends, as it happens', async () => {
        const page = await open(allowed);
        const visit = await newVisit(protocol);
        const watching = page.evaluate((each) => signum.watchSession(each), visit);
        const heard = expect(watching).resolves.toEqual([
          { ended: false, reason: 'UNSPECIFIED' },
          { ended: true, reason: 'ADMIN' },
        ]);
        await page.waitForFunction(
          () => ((globalThis as { told?: readonly unknown[] }).told?.length ?? 0) > 0,
        );
        await server.client(TokenService).revoke({
          subject: { case: 'token', value: visit.accessToken },
          reason: RevocationReason.ADMIN,
        });
        await heard;
      }, 60_000);

      test('gets nothing from an origin that is not allowed', async () => {
        const page = await open(foreign);
        const failure = await page.evaluate(
          (each) => signum.failureOf(signum.visit(each)),
          await newVisit(protocol),
        );
        expect(failure.reason).toBeUndefined();
        expect(failure.code).toBe('Unknown');
      }, 60_000);
    });

    test('reads the public keys from any origin', async () => {
      for (const origin of [allowed, foreign]) {
        const page = await open(origin);
        expect(await page.evaluate((to) => signum.readKeys(to), server.address)).toBe(1);
      }
    }, 60_000);
  },
);

/** A Chromium that trusts this server's certificate and no other that it does not know. */
function launch({ certificates }: TestServer): Promise<Browser> {
  const { publicKey } = new X509Certificate(readFileSync(certificates.certFile));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const pin = createHash('sha256').update(spki).digest('base64');
  return chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    headless: true,
    timeout: 60_000,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--ignore-certificate-errors-spki-list=${pin}`,
    ],
  });
}
