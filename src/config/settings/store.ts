import { duration } from '../kinds/duration.ts';
import { integer } from '../kinds/integer.ts';
import { boolean, oneOf } from '../kinds/one-of.ts';
import { redisUrl } from '../kinds/redis-url.ts';
import { filePath } from '../kinds/text.ts';
import { defaulted, optional, required } from '../setting.ts';

/** Which Redis, and how long to wait for it. */
export const redis = {
  title: 'Redis',
  settings: {
    url: required({
      env: 'SIGNUM_REDIS_URL',
      kind: redisUrl,
      fallbackEnv: 'REDIS_URL',
      doc: 'The Redis or Valkey that holds all state: standalone, Sentinel or Cluster. In a file it is read again whenever a connection is made, and users and passwords in it, those for Sentinel too, can be changed without a restart.',
    }),
    caFile: optional({
      env: 'SIGNUM_REDIS_CA_FILE',
      kind: filePath,
      doc: "PEM file of the authorities that Redis' certificate is verified against; the system's when absent.",
    }),
    certFile: optional({
      env: 'SIGNUM_REDIS_CERT_FILE',
      kind: filePath,
      doc: 'PEM file of the certificate that the server shows to Redis, where Redis asks for one.',
    }),
    keyFile: optional({
      env: 'SIGNUM_REDIS_KEY_FILE',
      kind: filePath,
      doc: 'PEM file of the key that fits it.',
    }),
    passwordFile: optional({
      env: 'SIGNUM_REDIS_PASSWORD_FILE',
      kind: filePath,
      doc: 'File of the password, in place of one in the URL. Like the other files it is read whenever a connection is made, so that a password, a certificate or an authority can be changed without a restart.',
    }),
    wire: defaulted({
      env: 'SIGNUM_REDIS_WIRE',
      kind: oneOf({ direct: 'direct', library: 'library' }),
      default: 'direct',
      doc: 'How commands leave for Redis: `library` takes the public way of the client library, which costs more and needs none of its inner parts.',
    }),
    commandTimeoutMs: defaulted({
      env: 'SIGNUM_REDIS_COMMAND_TIMEOUT',
      kind: duration({ min: '10ms', max: '10s' }),
      default: '250ms',
      doc: 'How long a command may take before its call fails.',
    }),
    connectTimeoutMs: defaulted({
      env: 'SIGNUM_REDIS_CONNECT_TIMEOUT',
      kind: duration({ min: '50ms', max: '30s' }),
      default: '1s',
      doc: 'How long connecting may take.',
    }),
    partitions: defaulted({
      env: 'SIGNUM_PARTITIONS',
      kind: integer({ min: 1, max: 1024 }),
      default: '64',
      doc: 'Partitions of the key space; fixed when a deployment is created, and checked at start.',
    }),
  },
} as const;

/** What an acknowledged write has survived, unless a call asks for more or less. */
export const durability = {
  title: 'Durability',
  settings: {
    replicas: defaulted({
      env: 'SIGNUM_DURABILITY_REPLICAS',
      kind: integer({ min: 0, max: 16 }),
      default: '0',
      doc: 'Replicas that must have received a revocation before it is acknowledged.',
    }),
    fsync: defaulted({
      env: 'SIGNUM_DURABILITY_FSYNC',
      kind: boolean,
      default: 'false',
      doc: 'Whether Redis must have flushed a revocation to disk before it is acknowledged; needs append-only persistence.',
    }),
  },
} as const;
