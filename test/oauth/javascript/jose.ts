import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Given } from '../client-lab.ts';
import type { Input } from './main.ts';

/** jose as an API that verifies tokens by the published keys alone. */
export async function runJose({ issuer, audience }: Input, { good, bad }: Given): Promise<object> {
  const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
  const server = (await answer.json()) as { jwks_uri: string };
  const keys = createRemoteJWKSet(new URL(server.jwks_uri));

  const verify = async (token: string) => {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' });
    return payload.sub;
  };

  const verifyEach = async (tokens: Readonly<Record<string, string>>) => {
    const found: Record<string, unknown> = {};
    for (const [name, token] of Object.entries(tokens)) {
      found[name] = await verify(token).catch((error: Error) => ({ raised: error.name }));
    }
    return found;
  };
  return {
    discovered: server,
    verified: await verifyEach(good),
    unverified: await verifyEach(bad),
  };
}
