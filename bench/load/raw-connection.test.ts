import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openConnection, type RawConnection } from './raw-connection.ts';

const REQUEST = Buffer.from('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n');

let server: Server;
let connection: RawConnection;
let answers: (Buffer | undefined)[];

beforeEach(async () => {
  server = createServer((request, response) => {
    const body = answers.shift();
    if (!body) request.socket.destroy();
    else response.writeHead(200, { 'content-length': body.length }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  connection = await openConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(() => {
  connection.destroy();
  server.close();
});

function call(): Promise<{ status: number; body: Buffer }> {
  return new Promise((done) => {
    connection.send(REQUEST, (status, body) => done({ status, body: body() }));
  });
}

test('answers of any length are told apart, and a body stays as it was', async () => {
  const bodies = [Buffer.from('first'), Buffer.alloc(100_000, 'many pieces'), Buffer.from('last')];
  answers = [...bodies];
  const received = [await call(), await call(), await call()];
  expect(received.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(received.every(({ body }, i) => bodies[i]?.equals(body))).toBe(true);
});

test('a call on a connection that breaks gets status 0, and so does the next', async () => {
  answers = [];
  expect((await call()).status).toBe(0);
  expect((await call()).status).toBe(0);
});
