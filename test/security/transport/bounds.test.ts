import { connect, type TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startGrpc } from '../../../src/transport/grpc/grpc.ts';
import { startPublic } from '../../../src/transport/http/public.ts';
import type { Listener } from '../../../src/transport/listener.ts';
import { openTlsFiles, type TlsSource } from '../../../src/transport/tls/files.ts';
import { type CannedRpc, createCannedRpc } from '../../listeners/canned-rpc.ts';
import { createTestCertificates, type TestCertificates } from '../../listeners/certificates.ts';
import { send } from '../../listeners/send.ts';
import { until } from '../../setup/until.ts';

const LIMIT = 5;
const PATH = '/signum.v1.TokenService/Validate';
const SILENT = { info: () => {}, warn: () => {} };
const MIB = 1_048_576;

let certificates: TestCertificates;
let tls: TlsSource;
let listener: Listener;
let rpc: CannedRpc;

beforeEach(async () => {
  certificates = await createTestCertificates();
  tls = await openTlsFiles({ files: certificates.files, log: SILENT });
});
afterEach(async () => {
  await listener.close();
  tls.close();
  certificates.remove();
});

async function start(name: 'public' | 'gRPC', more: { readonly maxConnections?: number } = {}) {
  rpc = createCannedRpc();
  const options = { rpc, tls, log: SILENT, host: '127.0.0.1', port: 0, ...more };
  listener = name === 'public' ? await startPublic(options) : await startGrpc(options);
}

/** A connection; undefined if it is not taken. */
function tryConnect(): Promise<TLSSocket | undefined> {
  const { port } = listener.address;
  const { ca } = certificates;
  return new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost', ca, ALPNProtocols: ['h2'] });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}

describe.each(['public', 'gRPC'] as const)('the %s listener', (name) => {
  test('takes so many connections and no more, and others once they have gone', async () => {
    await start(name, { maxConnections: LIMIT });
    const first = await Promise.all(Array.from({ length: LIMIT + 7 }, tryConnect));
    const taken = first.filter((socket) => socket !== undefined);
    expect(taken).toHaveLength(LIMIT);
    expect(await tryConnect()).toBeUndefined();
    taken[0]?.destroy();
    await until('there is room again', async () => (await tryConnect()) !== undefined);
    for (const socket of taken) socket.destroy();
  });
});

describe('a compressed request that unfolds beyond the limit is refused', () => {
  const bomb = gzipSync(Buffer.alloc(64 * MIB));

  test('by the gRPC listener', async () => {
    await start('gRPC');
    const client = new Client(
      `localhost:${listener.address.port}`,
      credentials.createSsl(certificates.ca),
      {
        'grpc.default_compression_algorithm': 2,
      },
    );
    const call = Promise.withResolvers<ServiceError | null>();
    const asIs = (bytes: Buffer) => bytes;
    const zeros = Buffer.alloc(64 * MIB);
    client.makeUnaryRequest(PATH, asIs, asIs, zeros, (error) => call.resolve(error));
    expect((await call.promise)?.code).toBe(8);
    expect(rpc.seen).toEqual([]);
    client.close();
  });

  test.each([
    ['Connect', 'application/proto', 'content-encoding'],
    ['gRPC-web', 'application/grpc-web+proto', 'grpc-encoding'],
    ['gRPC', 'application/grpc+proto', 'grpc-encoding'],
  ])('by the public listener as %s, which unfolds nothing', async (_, type, encoding) => {
    await start('public');
    for (const algorithm of ['gzip', 'br', 'deflate', 'zstd']) {
      const headers = { 'content-type': type, [encoding]: algorithm };
      const frame = Buffer.concat([Buffer.of(1), length(bomb.byteLength), bomb]);
      const body = type === 'application/proto' ? bomb : frame;
      const { port } = listener.address;
      const { ca } = certificates;
      const answer = await send({
        version: '2',
        port,
        ca,
        method: 'POST',
        path: PATH,
        headers,
        body,
      });
      expect([200, 501]).toContain(answer.status);
    }
    expect(rpc.seen).toEqual([]);
  });
});

function length(count: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(count);
  return bytes;
}
