import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grpcClient } from '../listeners/grpc-client.ts';
import { watchHealth } from '../listeners/health-client.ts';
import { type Served, serve } from '../security/leaks/served.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { failureOf } from './failure.ts';
import { issued, newDevice } from './issued.ts';
import { clientsOf, PROTOCOLS } from './protocols.ts';
import { createTap } from './tap.ts';

/** Its configuration is what the process under test has, which listens on ports of its own. */
let sibling: TestServer;
let served: Served;
let server: TestServer;

beforeAll(async () => {
  sibling = await startTestServer();
  const { PATH = '' } = process.env;
  const env = { ...sibling.env, PATH, SIGNUM_DRAIN_TIMEOUT: '10m', SIGNUM_MAX_MESSAGE: '16KiB' };
  served = await serve(env, sibling.certificates.caFile);
  const { address, grpcAddress, opsAddress } = served;
  server = { ...sibling, address, grpcAddress, opsAddress };
});
afterAll(async () => {
  served.process.kill('SIGKILL');
  await sibling.close();
});

/** A connection that its client leaves open, whatever the server does. */
async function linger(address: string, protocol: string): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(address);
  const more = { allowHalfOpen: true, ALPNProtocols: [protocol] };
  const socket = connect({ host, port: Number(port), ca: server.ca, ...more });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

test('a server without a call under way ends at once, whoever is connected', async () => {
  const metadata = { attributes: { a: 'x'.repeat(20_000) } };
  for (const protocol of PROTOCOLS) {
    const { tokens } = clientsOf(server, protocol);
    await issued(tokens, newDevice());
    // Refused half-way: its client stops sending and does not say so.
    await failureOf(tokens.issue({ device: newDevice(), metadata }));
  }
  for (const protocol of ['Connect binary on HTTP/2', 'gRPC on the gRPC listener'] as const) {
    const tap = createTap();
    const answers = clientsOf(server, protocol).tokens.validateStream(tap.messages);
    const stream = answers[Symbol.asyncIterator]();
    tap.send({ items: [{}] });
    await stream.next();
    // What it is told when the server goes does not matter here.
    stream.next().catch(() => undefined);
  }
  const grpcPort = Number(server.grpcAddress.split(':')[1]);
  const seen: string[] = [];
  watchHealth(grpcClient({ port: grpcPort, ca: Buffer.from(server.ca) }), '', (status) =>
    seen.push(status),
  );
  await expect.poll(() => seen).toEqual(['SERVING']);
  for (const protocol of ['h2', 'http/1.1']) await linger(server.address, protocol);
  await linger(`https://${server.grpcAddress}`, 'h2');

  const ended = once(served.process, 'exit');
  served.process.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
