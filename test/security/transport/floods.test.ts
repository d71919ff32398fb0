import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../setup/server.ts';
import { until } from '../../setup/until.ts';
import { closed, openTcp, openTls, TARGETS, type Target, write } from './attacker.ts';
import { startGoodClient } from './good-client.ts';
import {
  FLAG,
  frame,
  headerBlock,
  INITIAL_WINDOW_SIZE,
  opening,
  TYPE,
  tableBomb,
} from './http2-frames.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const PATH = '/signum.v1.TokenService/Validate';
const BODY = Buffer.from('x');

/** Attacks while good clients go on; each of their answers must be right. */
async function whileOthersAreServed(attack: () => Promise<unknown>): Promise<void> {
  const good = startGoodClient(server);
  await attack();
  expect(await good.finish()).toBeGreaterThan(0);
}

/** Sends frames in batches over as many connections as the server makes it take. */
async function flood(
  target: Target,
  count: number,
  frames: (i: number) => Buffer,
): Promise<{ readonly connections: number }> {
  let connections = 0;
  let sent = 0;
  while (sent < count) {
    const socket = await openTls(server, target);
    connections += 1;
    let isOpen = await write(socket, opening());
    for (let i = 0; isOpen && sent < count; ) {
      const batch = Array.from({ length: Math.min(100, count - sent) }, (_, k) => frames(i + k));
      isOpen = await write(socket, Buffer.concat(batch));
      i += batch.length;
      sent += batch.length;
    }
    socket.destroy();
  }
  return { connections };
}

const streamId = (i: number) => 2 * i + 1;

describe.each(TARGETS)('the %s listener serves on', (target) => {
  test('while 20,000 streams are opened and reset at once', { timeout: 60_000 }, () =>
    whileOthersAreServed(async () => {
      const cancel = Buffer.from([0, 0, 0, 8]);
      const block = headerBlock(PATH, { 'content-type': 'application/grpc' });
      const { connections } = await flood(target, 20_000, (i) =>
        Buffer.concat([
          frame(TYPE.headers, FLAG.endHeaders, streamId(i), block),
          frame(TYPE.reset, 0, streamId(i), cancel),
        ]),
      );
      // Each connection is good for a burst of resets only.
      expect(connections).toBeGreaterThan(1);
    }),
  );

  test('while header blocks do not end', () =>
    whileOthersAreServed(async () => {
      for (let i = 0; i < 20; i++) {
        const socket = await openTls(server, target);
        await write(socket, opening());
        await write(socket, frame(TYPE.headers, FLAG.endStream, 1, headerBlock(PATH)));
        const more = frame(TYPE.continuation, 0, 1, headerBlockPart());
        let isOpen = true;
        for (let k = 0; isOpen && k < 5_000; k++) isOpen = await write(socket, more);
        await closed(socket);
      }
    }));

  test.each([
    ['pings', () => frame(TYPE.ping, 0, 0, Buffer.alloc(8))],
    ['settings', () => frame(TYPE.settings, 0, 0, Buffer.alloc(0))],
    ['window updates', () => frame(TYPE.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]))],
    ['priorities', (i: number) => frame(TYPE.priority, 0, streamId(i), Buffer.alloc(5, 1))],
    [
      'empty frames of data',
      (i: number) =>
        i === 0
          ? frame(TYPE.headers, FLAG.endHeaders, 1, headerBlock(PATH))
          : frame(TYPE.data, 0, 1, Buffer.alloc(0)),
    ],
  ])('while 20,000 %s come', (_, frames) =>
    whileOthersAreServed(() => flood(target, 20_000, frames)),
  );

  test('while headers unfold to a thousand times what was sent', () =>
    whileOthersAreServed(async () => {
      for (let i = 0; i < 20; i++) {
        const socket = await openTls(server, target);
        await write(socket, opening());
        for (let k = 0; k < 20; k++) {
          // 12 kB that unfold to 50 MB.
          const block = Buffer.concat([headerBlock(PATH), tableBomb(4_000, 12_000)]);
          const flags = FLAG.endHeaders | FLAG.endStream;
          if (!(await write(socket, frame(TYPE.headers, flags, streamId(k), block)))) break;
        }
        socket.destroy();
      }
    }));

  test('while clients ask and will not take the answers', () =>
    whileOthersAreServed(async () => {
      const sockets: Socket[] = [];
      for (let i = 0; i < 10; i++) {
        const socket = await openTls(server, target);
        sockets.push(socket);
        await write(socket, opening([INITIAL_WINDOW_SIZE, 0]));
        const block = headerBlock('/.well-known/jwks.json', {}, 'GET');
        for (let k = 0; k < 1_000; k++) {
          const flags = FLAG.endHeaders | FLAG.endStream;
          if (!(await write(socket, frame(TYPE.headers, flags, streamId(k), block)))) break;
        }
      }
      for (const socket of sockets) socket.destroy();
    }));
});

test(
  'what does not come to its end is ended, on both listeners',
  () =>
    whileOthersAreServed(async () => {
      const slow = [
        ...TARGETS.map(handshakesThatStop),
        ...Object.values(SLOW_HTTP1).map(dripHttp1),
        dripHttp2(),
      ];
      await Promise.all(slow);
    }),
  90_000,
);

/** Nothing, or the beginning of a ClientHello. */
async function handshakesThatStop(target: Target): Promise<void> {
  const half = Buffer.from('16030100c8010000c40303', 'hex');
  const one = async (_: unknown, i: number) => {
    const socket = await openTcp(server, target);
    if (i % 2 === 0) await write(socket, half);
    await closed(socket);
  };
  await Promise.all(Array.from({ length: 200 }, one));
}

const SLOW_HTTP1 = {
  silence: '',
  headers: 'GET / HTTP/1.1\r\nHost',
  body: `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
  'body for nobody': 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{',
};

/** Requests that begin, and go on with a byte a second. */
async function dripHttp1(beginning: string): Promise<void> {
  const one = async () => {
    const socket = await openTls(server, 'public', 'http/1.1');
    if (beginning === '') return closed(socket);
    await write(socket, Buffer.from(beginning));
    const drip = setInterval(() => void write(socket, BODY), 1_000);
    await closed(socket);
    clearInterval(drip);
  };
  await Promise.all(Array.from({ length: 30 }, one));
}

/** The same on fifty streams of one connection: each gets an answer, the connection stays. */
async function dripHttp2(): Promise<void> {
  const socket = await openTls(server, 'public');
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  await write(socket, opening());
  const block = headerBlock(PATH, { 'content-type': 'application/json' });
  const streams = Array.from({ length: 50 }, (_, i) => streamId(i));
  for (const id of streams) await write(socket, frame(TYPE.headers, FLAG.endHeaders, id, block));
  const drip = setInterval(() => {
    for (const id of streams) void write(socket, frame(TYPE.data, 0, id, BODY));
  }, 1_000);
  await until('every stream is answered', () => streamsAnswered(received) === 50);
  clearInterval(drip);
  socket.destroy();
}

/** How many streams a HEADERS frame has come for. */
function streamsAnswered(received: Buffer): number {
  const streams = new Set<number>();
  for (let at = 0; at + 9 <= received.byteLength; ) {
    const length = received.readUIntBE(at, 3);
    if (received.readUInt8(at + 3) === TYPE.headers) streams.add(received.readUInt32BE(at + 5));
    at += 9 + length;
  }
  return streams.size;
}

/** 16 kB of a header block that goes on. */
function headerBlockPart(): Buffer {
  const one = headerBlock('', { 'x-more': 'y'.repeat(1_000) }).subarray(-1_015);
  return Buffer.concat(Array.from({ length: 16 }, () => one)).subarray(0, 16_000);
}
