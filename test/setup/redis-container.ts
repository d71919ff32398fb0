import { GenericContainer, Wait } from 'testcontainers';

const IMAGE = 'redis:8-alpine';
const PORT = 6379;

/** A Redis in a container, for machines that have Docker but no `redis-server`. */
export async function startRedisContainer(
  extraArgs: readonly string[],
): Promise<{ url: string; stop(): Promise<void> }> {
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(PORT)
    .withCommand([
      'redis-server',
      '--appendonly',
      'yes',
      '--maxmemory-policy',
      'noeviction',
      ...extraArgs,
    ])
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
    .start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(PORT)}`,
    stop: async () => {
      await container.stop();
    },
  };
}
