import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpEndpoint } from '../call/endpoint.ts';
import { accessOf } from '../policy/access.ts';
import { JWKS } from '../policy/access-table.ts';

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

/** The key set as it is now. */
interface KeySet {
  readonly text: string;
  readonly etag: string;
}

/**
 * The public keys as a JSON Web Key Set (RFC 7517 section 5), for everyone: also for scripts of any
 * origin, since it holds nothing that is not public. The entity tag is strong (RFC 9110 section
 * 8.8.3): the same tag means the same bytes, on every server.
 */
export function jwks({ ring, publishMs = 600_000 }: JwksOptions): HttpEndpoint<void, KeySet> {
  const cacheControl = `public, max-age=${Math.floor(publishMs / 1_000)}`;
  let current: KeySet = { text: '', etag: '' };
  return {
    endpoint: {
      kind: 'unary',
      name: JWKS,
      access: accessOf(JWKS),
      maxBytes: 0,
      async handle() {
        const text = ring.jwksJson();
        if (text !== current.text) current = { text, etag: etagOf(text) };
        return current;
      },
    },
    path: JWKS_PATH,
    verbs: ['GET', 'HEAD'],
    hasBody: false,
    decode() {},
    encode({ text, etag }, head): HttpAnswer {
      const headers = {
        'access-control-allow-origin': '*',
        'cache-control': cacheControl,
        etag,
      };
      const isKnown = matches(head.header('if-none-match'), etag);
      if (isKnown) return { status: 304, headers, body: '' };
      return {
        status: 200,
        headers: { ...headers, 'content-type': 'application/jwk-set+json' },
        body: text,
      };
    },
  };
}

function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url')}"`;
}

/** `If-None-Match` compares weakly (RFC 9110 section 13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
