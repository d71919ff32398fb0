import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './client.ts';
import { parseInfo } from './health.ts';
import { RedisMisconfigured } from './misconfigured.ts';

/**
 * Looks whether the servers are what the URL says: a primary, or primaries of a Cluster. Resolves if
 * they are, or if they cannot be asked now.
 * @throws RedisMisconfigured
 */
export async function checkServers(client: RedisClient): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  for (const node of nodes) {
    const info = await infoOf(node);
    if (!info) continue;
    const misfit = misfitOf(info, client instanceof Cluster);
    if (misfit !== undefined) throw new RedisMisconfigured(`SIGNUM_REDIS_URL ${misfit}`);
  }
}

async function infoOf(node: Redis): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return parseInfo(await node.info());
  } catch {
    return undefined;
  }
}

function misfitOf(info: ReadonlyMap<string, string>, isCluster: boolean): string | undefined {
  if (info.get('redis_mode') === 'sentinel') {
    return 'leads to a Sentinel: it must begin with redis+sentinel:// or rediss+sentinel://, and end with the name of the primary';
  }
  if (info.get('cluster_enabled') === '1' && !isCluster) {
    return 'leads to a node of a Cluster: it must begin with redis+cluster:// or rediss+cluster://';
  }
  if (info.get('role') === 'slave') {
    return 'leads to a replica: it must lead to the primary, or name the Sentinels with redis+sentinel://';
  }
  return undefined;
}
