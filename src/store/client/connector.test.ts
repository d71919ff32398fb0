import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RedisNode } from '../../../test/setup/redis-node.ts';
import { type RudeTlsServer, startRudeTlsServer } from '../../../test/setup/rude-tls-server.ts';
import { until } from '../../../test/setup/until.ts';
import { developmentCertificates } from '../../dev/certificates.ts';
import { createClient, type RedisSettings } from './client.ts';

let dir: string;
let foreignCaFile: string;
let server: RudeTlsServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-test-connector-'));
  for (const each of ['own', 'foreign']) mkdirSync(join(dir, each));
  server = await startRudeTlsServer(await developmentCertificates(join(dir, 'own')));
  foreignCaFile = (await developmentCertificates(join(dir, 'foreign'))).caFile;
});
afterAll(() => {
  server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Connects until that has failed three times over, and then says so. */
const PROGRAM = `
  const { createClient } = await import(${JSON.stringify(new URL('./client.ts', import.meta.url))});
  const client = createClient(JSON.parse(process.argv[1]));
  let errors = 0;
  client.on('error', () => {
    errors += 1;
    if (errors === 3) client.disconnect();
  });
  client.once('end', () => console.log('alive after', errors));
  client.connect().catch(() => undefined);
`;

test.each(['rediss://', 'rediss+sentinel://', 'rediss+cluster://'])(
  'a process outlives %s sockets that fail twice over',
  async (scheme) => {
    const settings: RedisSettings = {
      url: `${scheme}127.0.0.1:${server.port}${scheme.includes('sentinel') ? '/signum' : ''}`,
      caFile: foreignCaFile,
      commandTimeoutMs: 1000,
      connectTimeoutMs: 1000,
      name: 'signum-test',
    };
    const args = ['--input-type=module', '-e', PROGRAM, JSON.stringify(settings)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, errors] = [text(child.stdout), text(child.stderr)];
    const [code] = await once(child, 'close');
    expect({ code, output: await output, errors: await errors }).toEqual({
      code: 0,
      output: 'alive after 3\n',
      errors: '',
    });
  },
);

test('a failover that is told of while the primary is looked up is no reason to give up', async () => {
  const redis = await RedisNode.start({ dir: join(dir, 'redis'), args: [] });
  const sentinel = await startSentinelThatNames(redis.port);
  const client = createClient({
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/signum`,
    ...{ commandTimeoutMs: 5_000, connectTimeoutMs: 5_000, name: 'signum-test' },
  }) as Redis;
  try {
    client.on('error', () => undefined);
    client.connect().catch(() => undefined);
    // What the client library does when a Sentinel tells of it.
    (client as unknown as { connector: { disconnect(): void } }).connector.disconnect();
    await until('the client is connected', () => client.status === 'ready');
  } finally {
    client.disconnect();
    sentinel.stop();
    await redis.destroy();
  }
});

/** As much of a Sentinel as a client asks of it. */
async function startSentinelThatNames(port: number) {
  const answers: readonly (readonly [RegExp, string])[] = [
    [/get-master-addr-by-name/i, `*2\r\n$9\r\n127.0.0.1\r\n$${String(port).length}\r\n${port}\r\n`],
    [/sentinels/i, '*0\r\n'],
    [/subscribe/i, '*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n'],
  ];
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.on('data', (piece) => {
      for (const command of piece.toString().match(/\*\d+\r\n(\$\d+\r\n[^\r]*\r\n)+/g) ?? []) {
        socket.write(answers.find(([asked]) => asked.test(command))?.[1] ?? '+OK\r\n');
      }
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  };
  return { port: (listener.address() as AddressInfo).port, stop };
}
