import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { newDevice } from './issued.ts';
import { clientsOf, PROTOCOLS } from './protocols.ts';

const SLOW_MS = 60_000;
const PLAIN = {
  SIGNUM_INSECURE_PLAINTEXT: 'true',
  SIGNUM_TLS_CERT_FILE: '',
  SIGNUM_TLS_KEY_FILE: '',
};
const V1 = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n');
const V2 = Buffer.from(
  '0d0a0d0a000d0a515549540a2121002420010db800000000000000000000000720010db8000000000000000000000001dc0401bb',
  'hex',
);

let dir: string;
const servers: TestServer[] = [];
const proxies: Server[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-address-'));
});
afterAll(async () => {
  for (const proxy of proxies) proxy.close();
  for (const server of servers) await server.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Behind {
  readonly server: TestServer;
  /** The addresses that the audit trail has for a device's sessions. */
  peersOf(deviceId: string): Promise<string[]>;
}

async function start(env: Readonly<Record<string, string>>): Promise<Behind> {
  const file = join(dir, `audit-${servers.length}`);
  const server = await startTestServer({ SIGNUM_AUDIT: file, ...env });
  servers.push(server);
  return {
    server,
    async peersOf(deviceId) {
      const events = () =>
        readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line.includes(`"${deviceId}"`))
          .map((line) => JSON.parse(line).peer as string);
      await until('the trail tells of it', () => events().length > 0);
      return events();
    },
  };
}

/** A TCP load balancer that puts a header in front of what it passes on, in pieces. */
async function balance(port: number, header: Buffer, pieces = 1): Promise<number> {
  const proxy = createServer((client: Socket) => {
    const server = connect(port, '127.0.0.1');
    server.setNoDelay(true);
    const size = Math.ceil(header.length / pieces);
    void (async () => {
      for (let at = 0; at < header.length; at += size) {
        await new Promise((sent) => server.write(header.subarray(at, at + size), sent));
      }
      client.pipe(server).pipe(client);
    })();
    for (const socket of [client, server]) socket.on('error', () => {});
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
  proxies.push(proxy);
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  return (proxy.address() as AddressInfo).port;
}

/** The same server, by way of balancers in front of both of its listeners. */
async function behind(server: TestServer, header: Buffer, pieces = 1): Promise<TestServer> {
  const [open, grpc] = [server.server.addresses.public.port, server.server.addresses.grpc.port];
  const scheme = server.address.split('://')[0];
  return {
    ...server,
    address: `${scheme}://localhost:${await balance(open, header, pieces)}`,
    grpcAddress: `localhost:${await balance(grpc, header, pieces)}`,
  };
}

describe.each([
  ['version 1', V1, '192.0.2.7'],
  ['version 2', V2, '2001:db8::7'],
] as const)('the PROXY protocol, %s', (_, header, ip) => {
  test('of a trusted proxy names the client, over every protocol', {
    timeout: SLOW_MS,
  }, async () => {
    const { server, peersOf } = await start({ SIGNUM_TRUSTED_PROXIES: '127.0.0.0/8,::1' });
    for (const pieces of [1, header.length]) {
      const proxied = await behind(server, header, pieces);
      for (const protocol of PROTOCOLS) {
        const device = newDevice();
        await clientsOf(proxied, protocol).tokens.issue({ device });
        expect(await peersOf(device.deviceId)).toEqual([ip]);
      }
    }
    // A health check, or whoever else comes without one.
    const device = newDevice();
    await clientsOf(server, 'Connect binary on HTTP/1.1').tokens.issue({ device });
    expect(await peersOf(device.deviceId)).toEqual(['127.0.0.1']);
  });

  test('of anyone else is refused, by TLS and by HTTP', { timeout: SLOW_MS }, async () => {
    const { server } = await start({ SIGNUM_TRUSTED_PROXIES: '10.0.0.0/8' });
    const proxied = await behind(server, header);
    for (const protocol of PROTOCOLS) {
      const { tokens } = clientsOf(proxied, protocol);
      await expect(tokens.issue({ device: newDevice() }, { timeoutMs: 3_000 })).rejects.toThrow();
    }
  });
});

test('a header that is broken, or does not come, ends its connection and no other', async () => {
  const { server, peersOf } = await start({ SIGNUM_TRUSTED_PROXIES: '127.0.0.1' });
  const { port } = server.server.addresses.public;
  for (const bytes of ['PROXY TCP4 nowhere\r\n', '\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0', '']) {
    const socket = connect(port, '127.0.0.1');
    socket.end(bytes, 'latin1');
    await new Promise((closed) =>
      socket
        .on('error', () => {})
        .resume()
        .on('close', closed),
    );
  }
  const silent = connect(port, '127.0.0.1');
  const device = newDevice();
  await clientsOf(server, 'Connect binary on HTTP/1.1').tokens.issue({ device });
  expect(await peersOf(device.deviceId)).toEqual(['127.0.0.1']);
  silent.destroy();
});

test('a proxy that cannot name its client counts itself', async () => {
  const { server, peersOf } = await start({ SIGNUM_TRUSTED_PROXIES: '127.0.0.1' });
  const device = newDevice();
  const proxied = await behind(server, Buffer.from('PROXY UNKNOWN\r\n'));
  await clientsOf(proxied, 'Connect binary on HTTP/1.1').tokens.issue({ device });
  expect(await peersOf(device.deviceId)).toEqual(['127.0.0.1']);
});

test('without TLS, the PROXY protocol works on the public listener', async () => {
  const { server, peersOf } = await start({ ...PLAIN, SIGNUM_TRUSTED_PROXIES: '127.0.0.1' });
  const port = await balance(server.server.addresses.public.port, V1, 3);
  const device = newDevice();
  const answer = await fetch(`http://127.0.0.1:${port}/signum.v1.TokenService/Issue`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ device }),
  });
  expect(answer.status).toBe(200);
  expect(await peersOf(device.deviceId)).toEqual(['192.0.2.7']);
});

test('without TLS, the PROXY protocol works on the gRPC listener', async () => {
  const { server } = await start({ ...PLAIN, SIGNUM_TRUSTED_PROXIES: '127.0.0.1' });
  const port = await balance(server.server.addresses.grpc.port, V2, 2);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  await new Promise((connected, failed) =>
    session.once('remoteSettings', connected).once('error', failed),
  );
  session.destroy();
});

describe('X-Forwarded-For', () => {
  const forwarded = (value: string) => ({ headers: { 'x-forwarded-for': value } });

  test('of a trusted proxy names the client, over every protocol', async () => {
    const { server, peersOf } = await start({ SIGNUM_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
    for (const protocol of PROTOCOLS) {
      const device = newDevice();
      const options = forwarded('6.6.6.6, 192.0.2.5, 10.1.1.1');
      await clientsOf(server, protocol).tokens.issue({ device }, options);
      expect(await peersOf(device.deviceId)).toEqual(['192.0.2.5']);
    }
  });

  test('of anyone else counts for nothing', async () => {
    for (const SIGNUM_TRUSTED_PROXIES of ['', '10.0.0.0/8']) {
      const { server, peersOf } = await start({ SIGNUM_TRUSTED_PROXIES });
      for (const protocol of PROTOCOLS) {
        const device = newDevice();
        await clientsOf(server, protocol).tokens.issue({ device }, forwarded('6.6.6.6'));
        expect(await peersOf(device.deviceId)).toEqual(['127.0.0.1']);
      }
    }
  });

  test('of a client behind a proxy that speaks the PROXY protocol counts for nothing', async () => {
    const { server, peersOf } = await start({ SIGNUM_TRUSTED_PROXIES: '127.0.0.1' });
    const device = newDevice();
    const { tokens } = clientsOf(await behind(server, V1), 'Connect binary on HTTP/1.1');
    await tokens.issue({ device }, forwarded('6.6.6.6'));
    expect(await peersOf(device.deviceId)).toEqual(['192.0.2.7']);
  });
});

test('a client certificate is seen behind the PROXY protocol', async () => {
  const { server } = await start({ SIGNUM_TRUSTED_PROXIES: '127.0.0.1' });
  const port = await balance(server.server.addresses.public.port, V2);
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: server.ca });
  await new Promise((connected, failed) =>
    socket.once('secureConnect', connected).once('error', failed),
  );
  expect(socket.authorized).toBe(true);
  socket.destroy();
});
