import { Cluster, Redis } from 'ioredis';
import { parseRedisUrl } from '../../src/store/client/where/url.ts';

/** A client of whatever Redis a URL names, to look on and meddle beside the service. */
export function redisClient(url: string): Redis | Cluster {
  const target = parseRedisUrl(url);
  if (target.kind === 'cluster') return new Cluster([...target.nodes]);
  if (target.kind === 'sentinel') {
    return new Redis({ sentinels: [...target.nodes], name: target.masterName });
  }
  return new Redis(url);
}

/** A connection to each primary, for commands that are about one server. */
export async function primariesOf(client: Redis | Cluster): Promise<readonly Redis[]> {
  if (!(client instanceof Cluster)) return [client];
  // Which nodes there are is known once it has connected.
  await client.ping();
  return client.nodes('master');
}
