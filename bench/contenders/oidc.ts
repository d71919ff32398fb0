import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { requestBytes } from '../load/http-request.ts';
import { type HelperServer, startHelper } from './helper-server.ts';

const TOKENS = 1_000;
const CREDENTIALS = Buffer.from('gateway:gateway-secret-gateway-secret-gateway').toString('base64');

/** node-oidc-provider and introspection requests (RFC 7662) for tokens that it has issued. */
export async function startOidc(lab: Lab): Promise<{ server: HelperServer; calls: Buffer[] }> {
  const tokensFile = join(lab.dir, 'oidc-tokens.json');
  const plan = { redisUrl: lab.redis.url, tokens: TOKENS, tokensFile };
  const server = await startHelper(lab, 'oidc-server.js', plan);
  const tokens = JSON.parse(readFileSync(tokensFile, 'utf8')) as string[];
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${CREDENTIALS}`,
  };
  const calls = tokens.map((token) =>
    requestBytes({
      path: '/token/introspection',
      headers,
      body: Buffer.from(new URLSearchParams({ token }).toString()),
    }),
  );
  return { server, calls };
}
