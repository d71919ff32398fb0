import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findFreePort } from '../../src/dev/free-port.ts';
import {
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
  transportTo,
} from '../setup/server.ts';

let sibling: TestServer;
let cluster: ChildProcess;
let ports: { open: number; grpc: number; ops: number };

beforeAll(async () => {
  sibling = await startTestServer();
  ports = { open: await findFreePort(), grpc: await findFreePort(), ops: await findFreePort() };
  cluster = spawn(process.execPath, ['src/main.ts', 'serve'], {
    env: {
      PATH: process.env['PATH'],
      ...sibling.env,
      SIGNUM_WORKERS: '2',
      SIGNUM_PUBLIC_LISTEN: `127.0.0.1:${ports.open}`,
      SIGNUM_GRPC_LISTEN: `127.0.0.1:${ports.grpc}`,
      SIGNUM_OPS_LISTEN: `127.0.0.1:${ports.ops}`,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await vi.waitFor(async () => expect(await ready()).toBe(200), { timeout: 30_000 });
});
afterAll(async () => {
  cluster.kill('SIGKILL');
  await sibling.close();
});

async function ready(): Promise<number> {
  return fetch(`http://127.0.0.1:${ports.ops}/readyz`).then(
    ({ status }) => status,
    () => 0,
  );
}

function tokensOfCluster() {
  const address = `https://localhost:${ports.open}`;
  return createClient(
    TokenService,
    transportTo(address, sibling.ca, sibling.adminKey, 'connect-h1'),
  );
}

test('workers share the ports, the sessions and one page of metrics', async () => {
  const tokens = tokensOfCluster();
  const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
  const { tokens: pair } = await tokens.issue({ device });
  const elsewhere = await sibling.client(TokenService).validate({
    subject: { case: 'token', value: pair?.accessToken ?? '' },
  });
  expect(elsewhere.active).toBe(true);
  const metrics = await fetch(`http://127.0.0.1:${ports.ops}/metrics`).then((answer) =>
    answer.text(),
  );
  expect(metrics).toMatch(/signum_sessions_total\{event="issued"\} 1/);
});

test('a caller made on one server is known to the others within seconds', async () => {
  const { apiKey } = await sibling.client(CallerService).createCaller({
    name: 'gateway',
    permissions: [3],
    tenants: ['acme'],
  });
  const address = `https://localhost:${ports.open}`;
  const gateway = createClient(
    TokenService,
    transportTo(address, sibling.ca, apiKey, 'connect-h1'),
  );
  const ids = {
    tenantId: 'acme',
    userId: 'ada',
    deviceId: 'phone',
    tokenId: '0190a0a0-0000-7000-8000-000000000001',
  };
  const ask = () =>
    gateway.validate({ subject: { case: 'ids', value: ids } }).then(
      () => 'answered',
      () => 'refused',
    );
  await expect.poll(ask, { timeout: 15_000 }).toBe('answered');
});

test('SIGTERM drains all workers and ends the command', async () => {
  const gone = once(cluster, 'exit');
  cluster.kill('SIGTERM');
  expect(await gone).toEqual([0, null]);
  await expect(
    tokensOfCluster().listSessions({ tenantId: 'acme', userId: 'ada' }),
  ).rejects.toThrow();
});
