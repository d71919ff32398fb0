import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type SecureVersion } from 'node:tls';
import { createClient } from '@connectrpc/connect';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService, transportTo } from '../setup/server.ts';
import { failureOf } from '../wire/failure.ts';
import { newDevice } from '../wire/issued.ts';

const LISTENERS = ['public', 'grpc'] as const;
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(LISTENERS)('R14 the %s listener speaks TLS only', (listener) => {
  test.each([
    ['HTTP/1.1', 'GET /.well-known/jwks.json HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['HTTP/2', HTTP2_PREFACE],
  ])('R14 %s in plaintext is not answered', async (_, hello) => {
    const socket = connectTcp(server.server.addresses[listener].port, '127.0.0.1');
    const answer: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => answer.push(chunk));
    socket.on('error', () => {}); // A reset is as good as an end.
    socket.write(hello);
    await once(socket, 'close');
    // At most a TLS alert record (RFC 8446 section 5.1).
    const bytes = Buffer.concat(answer);
    if (bytes.length > 0) expect(bytes[0]).toBe(21);
    expect(bytes.length).toBeLessThan(16);
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('R14 %s is refused', async (version) => {
    await expect(handshake(listener, version)).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('R14 %s is accepted', async (version) => {
    expect(await handshake(listener, version)).toBe(version);
  });
});

async function handshake(
  listener: (typeof LISTENERS)[number],
  version: SecureVersion,
): Promise<string | null> {
  const socket = connectTls({
    port: server.server.addresses[listener].port,
    host: '127.0.0.1',
    ca: server.ca,
    servername: 'localhost',
    minVersion: version,
    maxVersion: version,
    ALPNProtocols: ['h2'],
    // A client that would go so low: OpenSSL's own level forbids it otherwise.
    ...(version < 'TLSv1.2' && { ciphers: 'DEFAULT@SECLEVEL=0' }),
  });
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol();
  } finally {
    socket.destroy();
  }
}

test('R14 a gRPC client without TLS gets nothing', async () => {
  const client = new Client(server.grpcAddress, credentials.createInsecure());
  const code = await new Promise((resolve) => {
    const asIs = (bytes: Buffer) => bytes;
    const path = '/signum.v1.KeyService/GetJwks';
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), new Metadata(), (error) =>
      resolve(error?.code),
    );
  });
  client.close();
  expect(code).toBe(14);
});

test('R14 a client that does not know the authority does not talk', async () => {
  const stranger = createClient(TokenService, transportTo(server.address, '', null, 'connect'));
  const failure = await failureOf(stranger.issue({ device: newDevice() }));
  expect(failure).toMatchObject({ reason: undefined });
});

test.each(['SIGNUM_TLS_CERT_FILE', 'SIGNUM_TLS_KEY_FILE'])(
  'R14 a server does not start without %s',
  async (name) => {
    const env = { [name]: '', SIGNUM_REDIS_URL: server.redisUrl };
    await expect(startTestServer(env)).rejects.toThrow(name);
  },
);
