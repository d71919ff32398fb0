import * as oauth from 'oauth4webapi';
import { describe, expect, test } from 'vitest';
import { AUDIENCE } from '../setup/server.ts';
import { ISSUER, serveOAuth } from './serve.ts';

const { server: signum, keyOf, issue, post, reach, options, api } = serveOAuth();

describe('oauth4webapi', () => {
  const discover = async () => {
    const issuer = new URL(ISSUER);
    const answer = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
    return oauth.processDiscoveryResponse(issuer, answer);
  };
  const client = { client_id: 'api' };
  const authentication = () => oauth.ClientSecretBasic(keyOf('api'));

  test('finds the server by its issuer, whose path is inserted', async () => {
    const server = await discover();
    expect(server).toMatchObject({
      issuer: ISSUER,
      jwks_uri: 'https://signum.example/.well-known/jwks.json',
      token_endpoint: 'https://signum.example/oauth2/token',
      grant_types_supported: ['refresh_token'],
    });
    expect(server).not.toHaveProperty('response_types_supported');
    expect(server).not.toHaveProperty('id_token_signing_alg_values_supported');
  });

  test('finds it by OpenID Connect too, and there learns what its tokens are signed by', async () => {
    const issuer = new URL(ISSUER);
    const answer = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oidc' });
    expect(await oauth.processDiscoveryResponse(issuer, answer)).toMatchObject({
      id_token_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      subject_types_supported: ['public'],
    });
  });

  test.each(['oauth-authorization-server', 'openid-configuration'])(
    'finds %s in front of the issuer’s path and behind it',
    async (name) => {
      const [inserted, appended] = await Promise.all([
        reach(`https://signum.example/.well-known/${name}/tenants/one`, {}),
        reach(`${ISSUER}/.well-known/${name}`, {}),
      ]);
      expect(inserted.status).toBe(200);
      expect(await inserted.json()).toEqual(await appended.json());
    },
  );

  test('introspects a good token, and one that was revoked', async () => {
    const server = await discover();
    const { accessToken } = await issue();
    const ask = async () => {
      const answer = await oauth.introspectionRequest(
        server,
        client,
        authentication(),
        accessToken,
        options,
      );
      return oauth.processIntrospectionResponse(server, client, answer);
    };
    expect(await ask()).toMatchObject({
      ...{ active: true, iss: ISSUER, sub: 'ada', aud: AUDIENCE, scope: 'read write' },
      ...{ client_id: 'app', token_type: 'Bearer', tid: 'acme', plan: 'gold' },
      ...{ exp: expect.any(Number), iat: expect.any(Number), jti: expect.any(String) },
    });
    const nobody = oauth.None();
    const revoked = await oauth.revocationRequest(
      server,
      { client_id: 'app' },
      nobody,
      accessToken,
      options,
    );
    await oauth.processRevocationResponse(revoked);
    expect(await ask()).toEqual({ active: false });
  });

  test('refreshes, and is told of a token that is used up', async () => {
    const server = await discover();
    const app: oauth.Client = { client_id: 'app' };
    const { refreshToken } = await issue();
    const refresh = async (token: string) => {
      const answer = await oauth.refreshTokenGrantRequest(
        server,
        app,
        oauth.None(),
        token,
        options,
      );
      return oauth.processRefreshTokenResponse(server, app, answer);
    };
    const first = await refresh(refreshToken);
    expect(first).toMatchObject({
      token_type: 'bearer',
      scope: 'read write',
      expires_in: expect.any(Number),
    });
    await refresh(first.refresh_token ?? '');
    await expect(refresh(refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('refreshes a bound token with its proof, and introspection tells its key', async () => {
    const server = await discover();
    const app: oauth.Client = { client_id: 'app' };
    const pair = await oauth.generateKeyPair('ES256', { extractable: true });
    const DPoP = oauth.DPoP(app, pair);
    const { refreshToken } = await issue(await DPoP.calculateThumbprint());
    const there = { ...server, token_endpoint: `${signum().address}/oauth2/token` };
    const ask = async (proof: object) => {
      const answer = await oauth.refreshTokenGrantRequest(there, app, oauth.None(), refreshToken, {
        ...options,
        ...proof,
      });
      return oauth.processRefreshTokenResponse(there, app, answer);
    };
    await expect(ask({})).rejects.toMatchObject({ error: 'invalid_dpop_proof' });
    const refreshed = await ask({ DPoP });
    expect(refreshed.token_type).toBe('dpop');
    const { json } = await post('/oauth2/introspect', { token: refreshed.access_token }, api());
    expect(json).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: await DPoP.calculateThumbprint() },
    });
  });
});
