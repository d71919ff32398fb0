import { duration } from '../kinds/duration.ts';
import { integer } from '../kinds/integer.ts';
import { list } from '../kinds/list.ts';
import { oneOf } from '../kinds/one-of.ts';
import { rootSecrets, secret } from '../kinds/secret.ts';
import { filePath } from '../kinds/text.ts';
import { defaulted, optional, required } from '../setting.ts';

const algorithm = oneOf({
  ES256: 'ES256',
  EdDSA: 'EdDSA',
  RS256: 'RS256',
  PS256: 'PS256',
  HS256: 'HS256',
  HS384: 'HS384',
  HS512: 'HS512',
});

/** The keys that sign access tokens, and the secrets under which everything else is kept. */
export const keys = {
  title: 'Keys',
  settings: {
    rootSecrets: required({
      env: 'SIGNUM_SECRET',
      kind: rootSecrets,
      doc: 'Root secrets, the current one first. Everything secret is derived from them: the refresh-token key, the encryption of managed keys, the peppers of API keys. To rotate, put the new one first and keep the old until nothing uses it.',
    }),
    source: defaulted({
      env: 'SIGNUM_KEYS',
      kind: oneOf({ managed: 'managed', files: 'files' }),
      default: 'managed',
      doc: 'Where signing keys come from: made, rotated and kept (encrypted) in Redis, or read from files.',
    }),
    files: defaulted({
      env: 'SIGNUM_KEY_FILES',
      kind: list(filePath, { max: 16 }),
      default: '',
      doc: 'Files of signing keys, PEM or JWK set; the first private key signs, the others verify.',
    }),
    algorithm: defaulted({
      env: 'SIGNUM_KEY_ALGORITHM',
      kind: algorithm,
      default: 'ES256',
      doc: 'JWS algorithm (RFC 7518) of new managed keys.',
    }),
    rotationMs: defaulted({
      env: 'SIGNUM_KEY_ROTATION',
      kind: duration({ min: '1s', max: '3650d', orZero: true }),
      default: '30d',
      doc: 'How often a new managed key is made; 0 for never.',
    }),
    publishMs: defaulted({
      env: 'SIGNUM_KEY_PUBLISH',
      kind: duration({ min: '0', max: '7d' }),
      default: '10m',
      doc: 'How long a new key is in the key set before it signs; at least as long as verifiers keep a copy of the set.',
    }),
    pollMs: defaulted({
      env: 'SIGNUM_KEY_POLL',
      kind: duration({ min: '100ms', max: '5m' }),
      default: '2s',
      doc: 'How often the managed key ring is read again.',
    }),
  },
} as const;

/** Who may call. */
export const callers = {
  title: 'Callers',
  settings: {
    adminKey: optional({
      env: 'SIGNUM_ADMIN_KEY',
      kind: secret({
        pattern: /^sgn_admin_[A-Za-z0-9_-]{43}$/,
        allowed: 'sgn_admin_ and 43 base64url characters',
      }),
      doc: 'API key of a caller with every permission in every tenant, to create the first callers with. Take it away afterwards.',
    }),
    max: defaulted({
      env: 'SIGNUM_MAX_CALLERS',
      kind: integer({ min: 1, max: 10_000 }),
      default: '1000',
      doc: 'Callers that there may be; every server keeps all of them in memory.',
    }),
    maxPerTenant: defaulted({
      env: 'SIGNUM_MAX_CALLERS_TENANT',
      kind: integer({ min: 1, max: 10_000 }),
      default: '250',
      doc: 'Callers that may name one tenant, as far as callers of some tenants make them; one of every tenant may make more.',
    }),
    refreshMs: defaulted({
      env: 'SIGNUM_CALLER_REFRESH',
      kind: duration({ min: '100ms', max: '5m' }),
      default: '2s',
      doc: 'How often callers are read again: a change is in force on every server within this time.',
    }),
  },
} as const;
