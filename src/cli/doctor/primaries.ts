import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from '../../store/client/client.ts';

/** A connection to each primary, ready for commands. */
export async function primaries(client: RedisClient): Promise<Redis[]> {
  if (!(client instanceof Cluster)) return [client];
  const nodes = client.nodes('master');
  // The cluster client connects to a node when it first needs it.
  await Promise.all(nodes.filter(({ status }) => status === 'wait').map((node) => node.connect()));
  return nodes;
}

/** `host:port`, as shown to people. */
export function addressOf(node: Redis): string {
  return `${node.options.host}:${node.options.port}`;
}
