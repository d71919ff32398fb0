import { invalidField } from '../../domain/errors.ts';

interface Node {
  readonly host: string;
  readonly port: number;
}

/** A Redis URL taken apart. */
export type RedisTarget = {
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
} & (
  | { readonly kind: 'standalone'; readonly nodes: readonly [Node]; readonly db: number }
  | {
      readonly kind: 'sentinel';
      readonly nodes: readonly Node[];
      readonly masterName: string;
      readonly sentinelPassword?: string;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly Node[] }
);

const FORM =
  /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const RULE =
  'must be redis[s]://[user:password@]host:port[/db], redis[s]+sentinel://[…@]host:port,…/master-name[?sentinel_password=…] or redis[s]+cluster://[…@]host:port,…';

/** Reads a Redis URL. The error never repeats the URL: it may hold a password. */
export function parseRedisUrl(url: string): RedisTarget {
  const match = FORM.exec(url);
  if (!match) throw invalidField('SIGNUM_REDIS_URL', RULE);
  const [, scheme, topology, username, password, hosts = '', path = '', query = ''] = match;
  const common = {
    tls: scheme === 'rediss',
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
  const nodes = hosts
    .split(',')
    .map((host) => parseNode(host, topology === 'sentinel' ? 26379 : 6379));
  if (topology === 'cluster') return { ...common, kind: 'cluster', nodes };
  if (topology === 'sentinel') {
    if (!path) throw invalidField('SIGNUM_REDIS_URL', RULE);
    const sentinelPassword = new URLSearchParams(query).get('sentinel_password');
    return {
      ...common,
      kind: 'sentinel',
      nodes,
      masterName: decodeURIComponent(path),
      ...(sentinelPassword && { sentinelPassword }),
    };
  }
  const [node] = nodes;
  if (!node || nodes.length !== 1 || !/^\d*$/.test(path))
    throw invalidField('SIGNUM_REDIS_URL', RULE);
  return { ...common, kind: 'standalone', nodes: [node], db: Number(path || 0) };
}

function parseNode(text: string, defaultPort: number): Node {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? defaultPort);
  if (!match?.[1] || port < 1 || port > 65535) throw invalidField('SIGNUM_REDIS_URL', RULE);
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}
