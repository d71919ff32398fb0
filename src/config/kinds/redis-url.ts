import { Secret } from '../../domain/secret.ts';
import { parseRedisUrl, type RedisTarget } from '../../store/client/url.ts';
import { type Kind, scalar } from './kind.ts';

const FORMS =
  'redis://[user:password@]host:port[/db], redis+sentinel://[…@]h1:p1,h2:p2/master-name[?sentinel_password=…] or redis+cluster://[…@]h1:p1,h2:p2; with rediss:// or rediss+… over TLS';

/** The address of Redis. Secret as a whole, because it may hold a password. */
export const redisUrl: Kind<Secret> = scalar({
  name: 'Redis URL',
  allowed: FORMS,
  secret: true,
  parse: (text) =>
    readTarget(text)
      ? { value: new Secret(text) }
      : { fault: 'is not in one of the forms that are understood' },
  format: (url) => mask(readTarget(url.reveal())),
});

/** Whether connections to this Redis are encrypted. */
export function usesTls(url: Secret): boolean {
  return readTarget(url.reveal())?.tls ?? false;
}

function readTarget(text: string): RedisTarget | undefined {
  try {
    return parseRedisUrl(text);
  } catch {
    return undefined;
  }
}

function mask(target: RedisTarget | undefined): string {
  if (!target) return '[redacted]';
  const topology = target.kind === 'standalone' ? '' : `+${target.kind}`;
  const credentials = target.password ? `${target.username ?? ''}:[redacted]@` : '';
  const nodes = target.nodes.map(
    ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
  );
  const path = target.kind === 'sentinel' ? `/${target.masterName}` : '';
  return `redis${target.tls ? 's' : ''}${topology}://${credentials}${nodes.join(',')}${path}`;
}
