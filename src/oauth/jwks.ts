import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpEndpoint } from '../call/http-answer.ts';

export const JWKS_PATH = '/.well-known/jwks.json';

export interface JwksOptions {
  readonly ring: { jwksJson(): string };
  /**
   * For how long a verifier may keep the key set, in milliseconds; default 600,000. At most the
   * time for which a new key is published before it signs, or verifiers meet tokens of a key that
   * they do not know.
   */
  readonly publishMs?: number;
}

/**
 * The public keys as a JSON Web Key Set (RFC 7517 section 5), for everyone: also for scripts of any
 * origin, since it holds nothing that is not public. The entity tag is strong (RFC 9110 section
 * 8.8.3): the same tag means the same bytes, on every server.
 */
export function jwks({ ring, publishMs = 600_000 }: JwksOptions): HttpEndpoint {
  const cacheControl = `public, max-age=${Math.floor(publishMs / 1_000)}`;
  let text = '';
  let etag = '';
  return ({ method, header }) => {
    if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed();
    const current = ring.jwksJson();
    if (current !== text) {
      text = current;
      etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    }
    const headers = {
      'access-control-allow-origin': '*',
      'cache-control': cacheControl,
      etag,
    };
    if (matches(header('if-none-match'), etag)) return { status: 304, headers, body: '' };
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/jwk-set+json' },
      body: text,
    };
  };
}

/** `If-None-Match` compares weakly (RFC 9110 section 13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

function methodNotAllowed(): HttpAnswer {
  return { status: 405, headers: { allow: 'GET, HEAD' }, body: '' };
}
