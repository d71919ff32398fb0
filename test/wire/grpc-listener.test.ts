import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grpcClient } from '../listeners/grpc-client.ts';
import { checkHealth, watchHealth } from '../listeners/health-client.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { newDevice } from './issued.ts';

const BUF = fileURLToPath(new URL('../../node_modules/.bin/buf', import.meta.url));
const SERVICES = ['TokenService', 'KeyService', 'CallerService'].map((name) => `signum.v1.${name}`);

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await startTestServer();
  const { port } = server.server.addresses.grpc;
  client = grpcClient({ port, ca: Buffer.from(server.ca) });
});
afterAll(async () => {
  client.close();
  await server.close();
});

/** buf's own gRPC client; it learns of the services by reflection alone. */
async function bufCurl(...args: string[]): Promise<string> {
  const common = ['curl', '--cacert', server.certificates.caFile, '--protocol', 'grpc'];
  const { stdout } = await promisify(execFile)(BUF, [...common, ...args], { timeout: 30_000 });
  return stdout;
}

describe('a stock client that has no proto files', () => {
  test('finds every method by reflection', async () => {
    const methods = await bufCurl('--list-methods', `https://${server.grpcAddress}`);
    for (const service of SERVICES) expect(methods).toContain(`${service}/`);
    expect(methods).toContain('signum.v1.TokenService/Issue');
    expect(methods).toContain('grpc.health.v1.Health/Check');
  }, 40_000);

  test('asks for health', async () => {
    const url = `https://${server.grpcAddress}/grpc.health.v1.Health/Check`;
    const data = JSON.stringify({ service: 'signum.v1.TokenService' });
    expect(JSON.parse(await bufCurl('--data', data, url))).toEqual({ status: 'SERVING' });
  }, 40_000);

  test('issues and validates with what it has found', async () => {
    const credential = ['--header', `authorization: Bearer ${server.adminKey}`];
    const call = async (method: string, message: object) => {
      const url = `https://${server.grpcAddress}/signum.v1.TokenService/${method}`;
      return JSON.parse(await bufCurl(...credential, '--data', JSON.stringify(message), url));
    };
    const { tokens } = await call('Issue', { device: newDevice() });
    const answer = await call('Validate', { token: tokens.accessToken });
    expect(answer).toMatchObject({ active: true, verdict: 'VERDICT_ACTIVE' });
  }, 40_000);
});

describe('health checking', () => {
  test.each(['', ...SERVICES])('says that %j serves', async (service) => {
    expect(await checkHealth(client, service)).toBe('SERVING');
  });

  test('does not know what there is not', async () => {
    await expect(checkHealth(client, 'signum.v1.Nothing')).rejects.toMatchObject({ code: 5 });
  });

  // Last: it takes the server down.
  test('tells those who watch when the server goes down', async () => {
    const seen: string[] = [];
    watchHealth(client, 'signum.v1.TokenService', (status) => seen.push(status));
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['SERVING']);
    await server.close();
    expect(seen.at(-1)).toBe('NOT_SERVING');
  });
});
