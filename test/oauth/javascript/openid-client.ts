import * as client from 'openid-client';
import type { Given } from '../client-lab.ts';
import type { Input } from './main.ts';

const ES256 = { name: 'ECDSA', namedCurve: 'P-256' };

/** openid-client as an API that is given tokens, and as an app that holds them, bound to its key or not. */
export async function runOpenidClient(
  { issuer, client_id: clientId, client_secret: secret }: Input,
  given: Given,
): Promise<object> {
  const discover = (id: string, authentication: client.ClientAuth) =>
    client.discovery(new URL(issuer), id, undefined, authentication, { algorithm: 'oauth2' });
  const api = await discover(clientId, client.ClientSecretBasic(secret));
  const byPost = await discover(clientId, client.ClientSecretPost(secret));
  const { kid = '' } = given.client_key;
  const key = await crypto.subtle.importKey('jwk', given.client_key, ES256, false, ['sign']);
  const byKey = await discover(clientId, client.PrivateKeyJwt({ key, kid }));
  const impostor = await discover(clientId, client.ClientSecretBasic(`${secret}x`));
  const app = await discover('app', client.None());

  const introspect = async (token: string) => {
    const answer = await client.tokenIntrospection(api, token);
    return answer;
  };
  const refresh = async (refreshToken: string) => {
    const tokens = await client.refreshTokenGrant(app, refreshToken);
    return tokens;
  };
  const errorOf = async (call: Promise<unknown>) =>
    call.catch((error) => error.error ?? error.status);

  const inactive: Record<string, unknown> = {};
  for (const [name, token] of Object.entries(given.inactive)) {
    inactive[name] = await introspect(token);
  }
  const es256 = given.good['ES256'] ?? '';
  const first = given.refresh_token;
  const second = await refresh(first);
  const again = await refresh(first);
  const third = await refresh(second.refresh_token ?? '');
  const reused = [await errorOf(refresh(first)), await errorOf(refresh(third.refresh_token ?? ''))];

  const token = given.revocable;
  const before = (await introspect(token)).active;
  await client.tokenRevocation(app, token);

  return {
    discovered: api.serverMetadata(),
    introspected: {
      client_secret_basic: await introspect(es256),
      client_secret_post: await client.tokenIntrospection(byPost, es256),
      private_key_jwt: await client.tokenIntrospection(byKey, es256),
    },
    inactive,
    refused_client: await errorOf(client.tokenIntrospection(impostor, es256)),
    refreshed: {
      first: second,
      answered_again: again.refresh_token !== first,
      rotated: new Set([first, second.refresh_token, third.refresh_token]).size === 3,
    },
    reused,
    garbage: await errorOf(refresh('garbage')),
    revoked: { before, status: 200, after: await introspect(token) },
    bound: await refreshBound(app, api, given),
  };
}

/** A session whose tokens are bound to a key, at a server that asks for nonces. */
async function refreshBound(
  app: client.Configuration,
  api: client.Configuration,
  { bound: { key, refresh_token: refreshToken } }: Given,
): Promise<object> {
  const { d: _, ...publicJwk } = key;
  const keyPair = {
    privateKey: await crypto.subtle.importKey('jwk', key, ES256, false, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', publicJwk, ES256, true, ['verify']),
  };

  const DPoP = client.getDPoPHandle(app, keyPair);
  const refreshed = await client.refreshTokenGrant(app, refreshToken, undefined, { DPoP });

  return {
    refreshed,
    introspected: await client.tokenIntrospection(api, refreshed.access_token),
    thumbprint: await DPoP.calculateThumbprint(),
  };
}
