import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CannedRpc, createCannedRpc } from '../../../test/listeners/canned-rpc.ts';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { send } from '../../../test/listeners/send.ts';
import { opening } from '../../../test/security/transport/http2-frames.ts';
import { startPublic } from '../http/public.ts';
import type { Listener } from '../listener.ts';
import { openTlsFiles, type TlsSource } from '../tls/files.ts';

/** How long a test may take: less than any time-out by which a connection would end by itself. */
const timeout = 5_000;

const log = { info: () => {}, warn: () => {} };
const GET = 'GET / HTTP/1.1\r\nhost: localhost\r\n';

let certificates: TestCertificates;
let tls: TlsSource;
let rpc: CannedRpc;
let listener: Listener;

beforeAll(async () => {
  certificates = await createTestCertificates();
  tls = await openTlsFiles({ files: certificates.files, log });
});
beforeEach(async () => {
  rpc = createCannedRpc();
  listener = await startPublic({ rpc, tls, log, host: '127.0.0.1', port: 0 });
});
afterEach(() => listener.close());
afterAll(() => {
  tls.close();
  certificates.remove();
});

async function dial(): Promise<Socket> {
  const socket = connectTcp({ port: listener.address.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A client that does not close its side when the server closes. */
async function dialTls(protocol: 'h2' | 'http/1.1'): Promise<TLSSocket> {
  const { port } = listener.address;
  const { ca } = certificates;
  const more = { allowHalfOpen: true, ALPNProtocols: [protocol] };
  const socket = connectTls({ port, host: 'localhost', ca, ...more });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

const SILENT: readonly (readonly [what: string, come: () => Promise<unknown>])[] = [
  ['nobody', async () => {}],
  ['a connection without a handshake', dial],
  ['a handshake half done', async () => (await dial()).write(Buffer.of(0x16, 0x03, 0x01))],
  ['a connection without a request', () => dialTls('http/1.1')],
  ['half a request head', async () => (await dialTls('http/1.1')).write(GET)],
  [
    'a connection that was kept alive',
    async () => {
      const socket = await dialTls('http/1.1');
      socket.write(`${GET}\r\n`);
      await once(socket, 'data');
    },
  ],
  ['an HTTP/2 connection that has not begun', () => dialTls('h2')],
  [
    'an HTTP/2 connection that its client does not close',
    async () => {
      const socket = await dialTls('h2');
      socket.write(opening());
      await once(socket, 'data');
    },
  ],
];

test.each(SILENT)('a drain does not wait for %s', { timeout }, async (_what, come) => {
  await come();
  await listener.drain();
});

test('connections whose handshake ends during the drain end with it', { timeout }, async () => {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  rpc.before = () => {
    begun.resolve();
    return release.promise;
  };
  const { port } = listener.address;
  const { ca } = certificates;
  const answer = send({
    port,
    ca,
    version: '2',
    method: 'POST',
    path: '/signum.v1.TokenService/Refresh',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await begun.promise;
  const sockets = [await dial(), await dial()] as const;
  let drained = false;
  const drain = listener.drain().then(() => {
    drained = true;
  });
  const refused = () => dial().then(Boolean, ({ code }) => code);
  await expect.poll(refused).toBe('ECONNREFUSED');

  const upgrade = (socket: Socket) =>
    connectTls({ socket, servername: 'localhost', ca, ALPNProtocols: ['h2'] });
  const session = connectHttp2('https://localhost', {
    createConnection: () => upgrade(sockets[0]),
  });
  const goaway = once(session, 'goaway');
  const closed = once(session, 'close');
  await goaway;
  await closed;
  expect(drained).toBe(false);

  // One that is there, and silent, to the very end.
  const silent = connectHttp2('https://localhost', { createConnection: () => upgrade(sockets[1]) });
  silent.on('error', () => {});
  await once(silent, 'connect');
  release.resolve();
  expect((await answer).status).toBe(200);
  await drain;
});

test('HTTP/2 connections that are opened and closed without a word do not hold up a drain', {
  timeout,
}, async () => {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  rpc.before = () => {
    begun.resolve();
    return release.promise;
  };
  const { port } = listener.address;
  const { ca } = certificates;
  const answer = send({
    port,
    ca,
    version: '2',
    method: 'POST',
    path: '/signum.v1.TokenService/Refresh',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await begun.promise;
  // As the health checks of balancers do: before the drain, and while it goes on.
  (await dialTls('h2')).destroy();
  const waiting = [await dial(), await dial()];
  const drain = listener.drain();
  for (const tcp of waiting) {
    const socket = connectTls({ socket: tcp, servername: 'localhost', ca, ALPNProtocols: ['h2'] });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.destroy();
  }
  release.resolve();
  expect((await answer).status).toBe(200);
  await drain;
});
