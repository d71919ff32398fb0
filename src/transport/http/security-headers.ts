import type { HeaderRecord } from './cors.ts';

/**
 * What the public listener puts on every answer. Answers hold tokens: no cache may keep them.
 * `strictTransport` (RFC 6797) tells browsers to use TLS only for this host name from now on, on
 * every port: leave it out where the name is `localhost`.
 */
export function securityHeaders(strictTransport: boolean): HeaderRecord {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(strictTransport && { 'strict-transport-security': 'max-age=63072000' }),
  };
}
