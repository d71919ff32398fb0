import { ALGORITHMS, algorithmSpec, PROOF_ALGORITHMS } from '@signum/token';
import type { HttpEndpoint } from '../call/endpoint.ts';
import { accessOf } from '../policy/access.ts';
import { OAUTH_METADATA } from '../policy/access-table.ts';
import { CLIENT_AUTHENTICATION } from './client-credentials.ts';
import { INTROSPECT_PATH } from './introspect.ts';
import { JWKS_PATH } from './jwks.ts';
import { REVOKE_PATH } from './revoke.ts';
import { TOKEN_PATH } from './token.ts';

const MAX_AGE_S = 600;

/** What signs the tokens that the published keys are for. */
const SIGNING_ALGORITHMS = ALGORITHMS.filter((name) => algorithmSpec(name).keyType !== 'oct');

/**
 * Server metadata (RFC 8414), where clients look for it: with the issuer's path inserted behind the
 * well-known one (section 3.1), or in front of it, as in OpenID Connect Discovery section 4. No endpoint
 * where there is no issuer that they could find it by.
 */
export function metadata(
  issuer: string,
  publicUrl: string | undefined,
): readonly HttpEndpoint<void, string>[] {
  if (!URL.canParse(issuer)) return [];
  const { origin, pathname } = new URL(issuer);
  if (origin === 'null') return [];
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '');
  const server = describeServer(issuer, publicUrl ?? origin);
  const provider = {
    ...server,
    // Every client is told the same `sub` of a user. Libraries refuse the document without it.
    subject_types_supported: ['public'],
    // Who knows OpenID Connect alone verifies access tokens as ID tokens, and takes them for RS256 unless told.
    id_token_signing_alg_values_supported: SIGNING_ALGORITHMS,
  };
  return [
    ...Object.entries(documentAt('oauth-authorization-server', path, server)),
    ...Object.entries(documentAt('openid-configuration', path, provider)),
  ].map(([at, body]) => ({
    endpoint: {
      kind: 'unary' as const,
      name: OAUTH_METADATA,
      access: accessOf(OAUTH_METADATA),
      maxBytes: 0,
      handle: async () => body,
    },
    path: at,
    verbs: ['GET', 'HEAD'],
    hasBody: false,
    decode() {},
    encode: () => ({
      status: 200,
      headers: {
        'access-control-allow-origin': '*',
        'cache-control': `public, max-age=${MAX_AGE_S}`,
        'content-type': 'application/json',
      },
      body,
    }),
  }));
}

/** By path. */
function documentAt(name: string, path: string, document: object): Record<string, string> {
  const body = JSON.stringify(document);
  return { [`/.well-known/${name}${path}`]: body, [`${path}/.well-known/${name}`]: body };
}

/**
 * What client assertions may be for: the issuer, as is advised (draft-ietf-oauth-rfc7523bis), or an endpoint by
 * the address that clients find in the metadata, which stock libraries name unless told otherwise.
 */
export function assertionAudiences(
  issuer: string,
  publicUrl: string | undefined,
): readonly string[] {
  const base = publicBase(issuer, publicUrl);
  if (base === undefined) return [issuer];
  return [issuer, ...[TOKEN_PATH, INTROSPECT_PATH, REVOKE_PATH].map((path) => `${base}${path}`)];
}

/** Where clients reach the endpoints, as an origin; undefined if nothing says so. */
function publicBase(issuer: string, publicUrl: string | undefined): string | undefined {
  return publicUrl ?? URL.parse(issuer)?.origin;
}

/** By what scheme clients know the server, and make their proofs for it; https if nothing says so. */
export function publicSchemeOf(of: {
  readonly issuer: string;
  readonly publicUrl: string | undefined;
}): 'http' | 'https' {
  return publicBase(of.issuer, of.publicUrl)?.startsWith('http:') ? 'http' : 'https';
}

/** What there is none of is left out: an empty list must not be told (section 3.2). */
function describeServer(issuer: string, base: string): object {
  return {
    issuer,
    jwks_uri: `${base}${JWKS_PATH}`,
    token_endpoint: `${base}${TOKEN_PATH}`,
    grant_types_supported: ['refresh_token'],
    token_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION, 'none'],
    token_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    introspection_endpoint: `${base}${INTROSPECT_PATH}`,
    introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    introspection_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    introspection_signing_alg_values_supported: SIGNING_ALGORITHMS,
    revocation_endpoint: `${base}${REVOKE_PATH}`,
    revocation_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    tls_client_certificate_bound_access_tokens: true,
  };
}
