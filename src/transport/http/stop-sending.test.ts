import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCannedRpc } from '../../../test/listeners/canned-rpc.ts';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { DEFAULT_MESSAGE_LIMITS } from '../../rpc/rpc.ts';
import type { Listener } from '../listener.ts';
import { openTlsFiles, type TlsSource } from '../tls/files.ts';
import { startPublic } from './public.ts';

const log = { info: () => {}, warn: () => {} };
const path = '/signum.v1.TokenService/Refresh';

/** How each protocol says that a message was too long. */
const PROTOCOLS = [
  ['Connect', 'application/proto', '"code":"resource_exhausted"'],
  ['gRPC-web', 'application/grpc-web+proto', 'grpc-status: 8'],
  ['gRPC', 'application/grpc+proto', '"grpc-status":"8"'],
] as const;

/** More than a message may hold, and less than what was announced. */
const HALF = Buffer.alloc(DEFAULT_MESSAGE_LIMITS.maxBytes + 1_000);

let certificates: TestCertificates;
let tls: TlsSource;
let listener: Listener;
let session: ClientHttp2Session;

beforeAll(async () => {
  certificates = await createTestCertificates();
  tls = await openTlsFiles({ files: certificates.files, log });
});
beforeEach(async () => {
  const options = { rpc: createCannedRpc(), tls, log };
  listener = await startPublic({ ...options, host: '127.0.0.1', port: 0 });
  session = connect(`https://localhost:${listener.address.port}`, { ca: certificates.ca });
});
afterEach(async () => {
  session.destroy();
  await listener.close();
});
afterAll(() => {
  tls.close();
  certificates.remove();
});

/** A message that is refused half-way, whose client just stops; everything that it is told. */
function sendHalf(type: string) {
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': type });
  const told: string[] = [];
  stream.on('data', (chunk: Buffer) => told.push(chunk.toString()));
  // gRPC without an answer has its status in the headers ("Trailers-Only").
  stream.on('response', ({ 'grpc-status': status }) =>
    told.push(JSON.stringify({ 'grpc-status': status })),
  );
  stream.on('trailers', (trailers) => told.push(JSON.stringify(trailers)));
  stream.on('end', () => told.push('end'));
  stream.on('close', () => told.push(`closed with ${stream.rstCode}`));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(HALF.byteLength * 2, 1);
  stream.write(type === 'application/proto' ? HALF : Buffer.concat([prefix, HALF]));
  return { stream, told };
}

describe.each(PROTOCOLS)('a message by %s that is refused half-way', (_name, type, status) => {
  test('is answered whole, and its stream ends although the client does not', async () => {
    const { stream, told } = sendHalf(type);
    await once(stream, 'close');
    expect(told.join('\n')).toContain(status);
    expect(told.slice(-2)).toEqual(['end', 'closed with 0']);
    expect(session.destroyed).toBe(false);
  });

  test('does not hold up a drain', { timeout: 10_000 }, async () => {
    const { stream, told } = sendHalf(type);
    await once(stream, 'response');
    await listener.drain();
    expect(told.join('\n')).toContain(status);
  });
});

test('a client that never stops sending has its stream ended', async () => {
  const { stream, told } = sendHalf('application/grpc+proto');
  stream.on('error', () => {});
  const sendOn = () => {
    if (!stream.writableEnded) stream.write(Buffer.alloc(1_000), () => setTimeout(sendOn, 20));
  };
  sendOn();
  await once(stream, 'close');
  expect(told.join('\n')).toContain('"grpc-status":"8"');
});
