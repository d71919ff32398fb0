import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const ATTEMPTS = 100;

/**
 * A port on 127.0.0.1 that nothing listens on. Below the ephemeral range, so that no outgoing
 * connection takes it first, and low enough for the cluster bus at port + 10000.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(20_000, 30_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
  throw new Error('No free port between 20000 and 29999.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
