import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCannedRpc } from '../../../test/listeners/canned-rpc.ts';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { startGrpc } from '../grpc/grpc.ts';
import { openTlsFiles, type TlsSource } from '../tls/files.ts';
import { startPublic } from './public.ts';

const log = { info: () => {}, warn: () => {} };
const accepted = channel('net.server.socket');

let certificates: TestCertificates;
let files: TlsSource;
let sockets: Socket[];
const keep = (message: unknown) => sockets.push((message as { socket: Socket }).socket);

beforeEach(async () => {
  certificates = await createTestCertificates();
  files = await openTlsFiles({ files: certificates.files, pollMs: 1_000, log });
  sockets = [];
  accepted.subscribe(keep);
});

afterEach(() => {
  accepted.unsubscribe(keep);
  files.close();
  certificates.remove();
});

/** Node tells nobody whether it has turned Nagle's algorithm off, save under this name. */
function noDelayOf(socket: Socket | undefined): unknown {
  const symbols = Object.getOwnPropertySymbols(socket);
  const name = symbols.find(({ description }) => description === 'kSetNoDelay');
  return (socket as unknown as Record<symbol, unknown>)[name as symbol];
}

const LISTENERS = { public: startPublic, grpc: startGrpc };

test.each([
  ['public', 'TLS'],
  ['public', 'plaintext'],
  ['grpc', 'TLS'],
  ['grpc', 'plaintext'],
] as const)('the first answer on a connection is not held back: %s, %s', async (name, over) => {
  const tls = over === 'TLS' ? files : 'plaintext';
  const options = { rpc: createCannedRpc(), tls, log, host: '127.0.0.1', port: 0 } as const;
  const listener = await LISTENERS[name](options);
  try {
    const { port } = listener.address;
    const client =
      over === 'TLS'
        ? connectTls({ port, ca: certificates.ca, servername: 'localhost' })
        : connectTcp({ port });
    await expect.poll(() => sockets.length).toBe(1);
    expect(noDelayOf(sockets[0])).toBe(true);
    client.destroy();
  } finally {
    await listener.close();
  }
});
