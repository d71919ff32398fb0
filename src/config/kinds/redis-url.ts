import type { SignumError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import { parseRedisUrl, REDIS_URL_FORMS, type RedisTarget } from '../../store/client/where/url.ts';
import { type Kind, scalar } from './kind.ts';

/** The address of Redis. Secret as a whole, because it may hold a password. */
export const redisUrl: Kind<Secret> = scalar({
  name: 'Redis URL',
  allowed: REDIS_URL_FORMS,
  secret: true,
  parse: (text) => {
    const read = readTarget(text);
    return 'fault' in read ? read : { value: new Secret(text) };
  },
  format: (url) => {
    const read = readTarget(url.reveal());
    return 'fault' in read ? '[redacted]' : mask(read.target);
  },
});

/** What a URL that has been read says of how Redis is reached. */
export function redisTarget(url: Secret): RedisTarget {
  return parseRedisUrl(url.reveal());
}

function readTarget(text: string): { readonly target: RedisTarget } | { readonly fault: string } {
  try {
    return { target: parseRedisUrl(text) };
  } catch (error) {
    return { fault: String((error as SignumError).metadata['rule']) };
  }
}

function mask(target: RedisTarget): string {
  const credentials = target.password ? `${target.username ?? ''}:[redacted]@` : '';
  if (target.kind === 'socket') return `redis+unix://${credentials}${target.path}`;
  const topology = target.kind === 'standalone' ? '' : `+${target.kind}`;
  const nodes = target.nodes.map(
    ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
  );
  const path = target.kind === 'sentinel' ? `/${target.masterName}` : '';
  const db = 'db' in target && target.db > 0 ? `/${target.db}` : '';
  return `redis${target.tls ? 's' : ''}${topology}://${credentials}${nodes.join(',')}${path}${db}`;
}
