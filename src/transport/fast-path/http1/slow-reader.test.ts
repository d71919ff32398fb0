import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CARRIERS, type Carrier } from '../../../../test/listeners/canned-public.ts';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../../test/listeners/certificates.ts';
import { callOf } from '../../../../test/listeners/raw-calls.ts';
import { dialRaw, type RawServer } from '../../../../test/listeners/raw-client.ts';
import { createBodyBudget } from '../../body/budget.ts';
import { createCors } from '../../http/cors.ts';
import { openTlsFiles, type TlsSource } from '../../tls/files.ts';
import { createAnswerHeads } from './answer-head.ts';
import { FastPathConnection } from './connection.ts';

/** More answers than the buffers between the two sides hold. */
const MANY = 64;
const ANSWER = Buffer.alloc(1_048_576, 'x');

let certificates: TestCertificates;
let tls: TlsSource;
let dir: string;
let server: Server;
let socket: Socket;
let served: number;
/** Whether a call has been served while answers before it had not left. */
let wasAhead: boolean;

beforeEach(async () => {
  certificates = await createTestCertificates();
  const log = { info: () => {}, warn: () => {} };
  tls = await openTlsFiles({ files: certificates.files, log });
  dir = mkdtempSync(join(tmpdir(), 'signum-slow-'));
  served = 0;
  wasAhead = false;
});
afterEach(() => {
  server.close();
  tls.close();
  certificates.remove();
  rmSync(dir, { recursive: true });
});

async function listen(over: Carrier): Promise<RawServer> {
  const serve = (accepted: Socket) => {
    socket = accepted;
    new FastPathConnection(socket, DEPS, () => {});
  };
  // As Node's HTTP has it.
  const options = { allowHalfOpen: true };
  server = over === 'TLS' ? createTlsServer(tls.current(), serve) : createServer(options, serve);
  const path = join(dir, 'http');
  server.listen(over === 'a Unix socket' ? { path } : { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') return { path };
  return { port: address.port, ca: over === 'TLS' ? certificates.ca : undefined };
}

const DEPS: ConstructorParameters<typeof FastPathConnection>[1] = {
  accept: () => (exchange) => {
    served += 1;
    wasAhead ||= socket.writableNeedDrain;
    exchange.respond(200, 'application/json', ANSWER);
  },
  heads: createAnswerHeads({
    headers: {},
    cors: createCors({ origins: [], headers: [] }),
    keepAliveMs: 1_000,
  }),
  peerOf: () => ({ ip: '', certificateNames: [] }),
  isDraining: () => false,
  budget: createBodyBudget(),
  takeOver: () => expect.unreachable('each call waits for the one before it'),
};

test.each(CARRIERS)('a client that does not read is not served on: %s', async (over) => {
  const client = await dialRaw(await listen(over));
  client.socket.pause();
  let sent = 0;
  // Sooner or later a call arrives that is not taken, for all that lies between the two is full.
  const isSettled = () => served === sent || socket.readableLength > 0;
  while (served === sent && sent < MANY) {
    client.write(callOf('a'));
    sent += 1;
    await expect.poll(isSettled, { interval: 1 }).toBe(true);
  }
  expect(sent).toBeLessThan(MANY);

  client.socket.resume();
  for (let i = 0; i < sent; i++) expect((await client.next())?.body).toEqual(ANSWER);
  expect(served).toBe(sent);
  expect(wasAhead).toBe(false);
  client.socket.destroy();
});
