import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../../test/listeners/certificates.ts';
import { callOf } from '../../../../test/listeners/raw-calls.ts';
import { dialRaw } from '../../../../test/listeners/raw-client.ts';
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
let server: Server;
let socket: TLSSocket;
let served: number;
/** Whether a call has been served while answers before it had not left. */
let wasAhead: boolean;

beforeEach(async () => {
  certificates = await createTestCertificates();
  const log = { info: () => {}, warn: () => {} };
  tls = await openTlsFiles({ files: certificates.files, log });
  served = 0;
  wasAhead = false;
  server = createServer(tls.current(), (accepted) => {
    socket = accepted;
    new FastPathConnection(socket, DEPS, () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  server.close();
  tls.close();
  certificates.remove();
});

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

test('a client that does not read is not served on, until it reads', async () => {
  const { port } = server.address() as AddressInfo;
  const client = await dialRaw({ port, ca: certificates.ca });
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
