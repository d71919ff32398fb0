import { fail } from './dev.ts';
import { takesConnections } from './start-gateway.ts';

/** The port that PORT names, or the usual one. Ends the process if it is none, or somebody listens there. */
export async function requirePort(usual: number): Promise<number> {
  const { PORT = String(usual) } = process.env;
  const port = Number(PORT);
  if (!/^\d+$/.test(PORT) || port < 1 || port > 65_535)
    fail(`PORT must be a number from 1 to 65535, not ${JSON.stringify(PORT)}.`);
  if (await isTaken(port)) fail(`Something listens on port ${port} already. Set PORT to another.`);
  return port;
}

/** Whether somebody takes connections there, on either loopback. */
async function isTaken(port: number): Promise<boolean> {
  const hosts = ['127.0.0.1', '::1'];
  return (await Promise.all(hosts.map((host) => takesConnections(port, host)))).includes(true);
}
