import { isLoopback } from './kinds/host-port.ts';
import { redisTarget } from './kinds/redis-url.ts';
import type { ClientValues, ServerValues } from './schema.ts';

/** A rule that ties settings together. It is looked at once each of them is sound by itself. */
export interface Rule<V> {
  /** The variables it ties, the one that a fault is reported for first. */
  readonly on: readonly [string, ...string[]];
  /** What must hold, as a predicate of the first variable. */
  readonly says: string;
  holds(values: V): boolean;
}

export const SERVER_RULES: readonly Rule<ServerValues>[] = [
  {
    on: ['SIGNUM_AUDIENCE'],
    says: 'must name at least one audience',
    holds: ({ tokens }) => tokens.audiences.length > 0,
  },
  {
    on: ['SIGNUM_USER_AUDIENCE', 'SIGNUM_AUDIENCE'],
    says: 'must be one of SIGNUM_AUDIENCE',
    holds: ({ tokens: { userAudience, audiences } }) =>
      userAudience === undefined || audiences.includes(userAudience),
  },
  {
    on: ['SIGNUM_SECRET'],
    says: 'must hold at least one secret',
    holds: ({ keys }) => keys.rootSecrets.length > 0,
  },
  {
    on: ['SIGNUM_ACCESS_LIFETIME', 'SIGNUM_REFRESH_LIFETIME'],
    says: 'must not be longer than SIGNUM_REFRESH_LIFETIME',
    holds: ({ lifetimes }) => lifetimes.accessMs <= lifetimes.refreshMs,
  },
  {
    on: ['SIGNUM_REFRESH_LIFETIME', 'SIGNUM_SESSION_LIFETIME'],
    says: 'must not be longer than SIGNUM_SESSION_LIFETIME',
    holds: ({ lifetimes }) => lifetimes.refreshMs <= lifetimes.sessionMs,
  },
  {
    on: ['SIGNUM_TLS_CERT_FILE', 'SIGNUM_INSECURE_PLAINTEXT'],
    says: 'is required, unless SIGNUM_INSECURE_PLAINTEXT is true',
    holds: ({ tls }) => tls.insecurePlaintext || tls.certFile !== undefined,
  },
  {
    on: ['SIGNUM_TLS_KEY_FILE', 'SIGNUM_INSECURE_PLAINTEXT'],
    says: 'is required, unless SIGNUM_INSECURE_PLAINTEXT is true',
    holds: ({ tls }) => tls.insecurePlaintext || tls.keyFile !== undefined,
  },
  {
    on: [
      'SIGNUM_INSECURE_PLAINTEXT',
      'SIGNUM_TLS_CERT_FILE',
      'SIGNUM_TLS_KEY_FILE',
      'SIGNUM_TLS_CLIENT_CA_FILE',
    ],
    says: 'must not be true together with SIGNUM_TLS_CERT_FILE, SIGNUM_TLS_KEY_FILE or SIGNUM_TLS_CLIENT_CA_FILE',
    holds: ({ tls }) =>
      !(tls.insecurePlaintext && (tls.certFile ?? tls.keyFile ?? tls.clientCaFile)),
  },
  ...(['SIGNUM_PUBLIC_LISTEN', 'SIGNUM_GRPC_LISTEN'] as const).map(
    (env): Rule<ServerValues> => ({
      on: [env, 'SIGNUM_INSECURE_PLAINTEXT', 'SIGNUM_INSECURE_PLAINTEXT_ANYWHERE'],
      says: 'must be a loopback address when SIGNUM_INSECURE_PLAINTEXT is true, unless SIGNUM_INSECURE_PLAINTEXT_ANYWHERE is true',
      holds: ({ tls, listen }) =>
        !tls.insecurePlaintext ||
        tls.insecurePlaintextAnywhere ||
        isLoopback((env === 'SIGNUM_PUBLIC_LISTEN' ? listen.public : listen.grpc).host),
    }),
  ),
  {
    on: ['SIGNUM_TLS_CLIENT_AUTH', 'SIGNUM_TLS_CLIENT_CA_FILE'],
    says: 'must be off without SIGNUM_TLS_CLIENT_CA_FILE',
    holds: ({ tls }) => tls.clientAuth === 'off' || tls.clientCaFile !== undefined,
  },
  {
    on: ['SIGNUM_GRPC_CLIENT_AUTH', 'SIGNUM_TLS_CLIENT_AUTH', 'SIGNUM_TLS_CLIENT_CA_FILE'],
    says: 'must be off without SIGNUM_TLS_CLIENT_CA_FILE',
    holds: ({ tls }) =>
      tls.grpcClientAuth === 'off' ||
      tls.clientCaFile !== undefined ||
      // Taken over from the other, which is reported already.
      tls.grpcClientAuth === tls.clientAuth,
  },
  {
    on: ['SIGNUM_REDIS_CA_FILE', 'SIGNUM_REDIS_URL'],
    says: 'must not be set unless SIGNUM_REDIS_URL begins with rediss',
    holds: ({ redis }) => redis.caFile === undefined || redisTarget(redis.url).tls,
  },
  {
    on: ['SIGNUM_REDIS_CERT_FILE', 'SIGNUM_REDIS_KEY_FILE', 'SIGNUM_REDIS_URL'],
    says: 'must be set together with SIGNUM_REDIS_KEY_FILE, and only if SIGNUM_REDIS_URL begins with rediss',
    holds: ({ redis: { certFile, keyFile, url } }) =>
      (certFile === undefined) === (keyFile === undefined) &&
      (certFile === undefined || redisTarget(url).tls),
  },
  {
    on: ['SIGNUM_REDIS_PASSWORD_FILE', 'SIGNUM_REDIS_URL'],
    says: 'must not be set if SIGNUM_REDIS_URL holds a password',
    holds: ({ redis: { passwordFile, url } }) =>
      passwordFile === undefined || redisTarget(url).password === undefined,
  },
  {
    on: ['SIGNUM_REDIS_URL', 'SIGNUM_REDIS_PASSWORD_FILE'],
    says: 'has a user and no password, which SIGNUM_REDIS_PASSWORD_FILE may hold; a password without a user is written :password@host',
    holds: ({ redis: { passwordFile, url } }) => {
      const { username, password } = redisTarget(url);
      return username === undefined || (password ?? passwordFile) !== undefined;
    },
  },
  {
    on: ['SIGNUM_KEY_FILES', 'SIGNUM_KEYS'],
    says: 'must name a file if SIGNUM_KEYS is files, and none otherwise',
    holds: ({ keys }) => (keys.source === 'files') === keys.files.length > 0,
  },
  {
    on: ['SIGNUM_KEY_ROTATION', 'SIGNUM_KEY_PUBLISH'],
    says: 'must be longer than SIGNUM_KEY_PUBLISH, or 0',
    holds: ({ keys }) => keys.rotationMs === 0 || keys.rotationMs > keys.publishMs,
  },
  {
    on: ['SIGNUM_DEADLINE_DEFAULT', 'SIGNUM_DEADLINE_MAX'],
    says: 'must not be longer than SIGNUM_DEADLINE_MAX',
    holds: ({ limits }) => limits.deadlineDefaultMs <= limits.deadlineMaxMs,
  },
  {
    on: ['SIGNUM_MAX_MESSAGE', 'SIGNUM_MAX_BATCH_MESSAGE'],
    says: 'must not be larger than SIGNUM_MAX_BATCH_MESSAGE',
    holds: ({ limits }) => limits.maxMessageBytes <= limits.maxBatchMessageBytes,
  },
];

export const CLIENT_RULES: readonly Rule<ClientValues>[] = [
  {
    on: ['SIGNUM_CLIENT_CERT_FILE', 'SIGNUM_CLIENT_KEY_FILE'],
    says: 'must be set together with SIGNUM_CLIENT_KEY_FILE, or neither',
    holds: ({ client }) => (client.certFile === undefined) === (client.keyFile === undefined),
  },
];
