import type { StdioOptions } from 'node:child_process';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type Child, startSignum } from '../setup/child.ts';
import { createClient, type TestServer, TokenService, transportTo } from '../setup/server.ts';
import { until } from '../setup/until.ts';

/** `signum serve` as a process, of the same deployment as a test server. */
export interface ServiceProcess extends Child {
  readonly address: string;
  readonly opsAddress: string;
  /** Issues a token for a device, over a connection of its own. */
  issue(deviceId: string): Promise<string>;
  /** Starts calls one after the other, and says how many were answered and what the others failed with. */
  callAllTheTime(): { stop(): Promise<{ answered: number; failures: unknown[] }> };
  isReady(): Promise<boolean>;
}

export async function startService(
  sibling: TestServer,
  env: Readonly<Record<string, string>> = {},
  stdio?: StdioOptions,
): Promise<ServiceProcess> {
  const [open, grpc, ops] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const child = startSignum(
    ['serve'],
    {
      ...sibling.env,
      SIGNUM_PUBLIC_LISTEN: `127.0.0.1:${open}`,
      SIGNUM_GRPC_LISTEN: `127.0.0.1:${grpc}`,
      SIGNUM_OPS_LISTEN: `127.0.0.1:${ops}`,
      ...env,
    },
    stdio ? { stdio } : {},
  );
  const address = `https://localhost:${open}`;
  const opsAddress = `http://127.0.0.1:${ops}`;
  const isReady = async () => (await fetch(`${opsAddress}/readyz`)).ok;
  const { process } = child;
  await until('the service is ready, or has ended', async () => {
    return process.exitCode !== null || process.signalCode !== null || (await isReady());
  });
  if (process.exitCode !== null) throw new Error(`it has ended:\n${child.output()}`);
  const tokens = () =>
    createClient(TokenService, transportTo(address, sibling.ca, sibling.adminKey, 'connect-h1'));
  const issue = async (deviceId: string) => {
    const device = { tenantId: 'acme', userId: 'ada', deviceId };
    const { tokens: pair } = await tokens().issue({ device });
    return pair?.accessToken ?? '';
  };
  return {
    ...child,
    address,
    opsAddress,
    isReady,
    issue,
    callAllTheTime() {
      let answered = 0;
      let isOver = false;
      const failures: unknown[] = [];
      const work = (async () => {
        while (!isOver) {
          await issue('phone').then(
            () => {
              answered += 1;
            },
            (error) => {
              failures.push(error);
              isOver = true;
            },
          );
        }
      })();
      return {
        async stop() {
          isOver = true;
          await work;
          return { answered, failures };
        },
      };
    },
  };
}
