import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openLoop } from './open-loop.ts';
import { openConnection } from './raw-connection.ts';

const REQUEST = Buffer.from('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n');
const PLAN = { rate: 500, seconds: 0.4, warmUpSeconds: 0.2, nextRequest: () => REQUEST };
const ANSWER = Buffer.from('ok');

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function connections(count: number, listener: (call: number) => number | undefined) {
  let call = 0;
  server = createServer((request, response) => {
    const status = listener(call++);
    if (status === undefined) request.socket.destroy();
    else response.writeHead(status, { 'content-length': ANSWER.length }).end(ANSWER);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return Promise.all(Array.from({ length: count }, () => openConnection(origin)));
}

test('every call counts, but only latencies of those that are due after the warm-up', async () => {
  let answered = 0;
  const result = await openLoop({
    ...PLAN,
    connections: await connections(4, () => {
      answered += 1;
      return 200;
    }),
  });
  expect(result).toMatchObject({ calls: answered, failed: 0 });
  expect(result.latenciesUs.length).toBeGreaterThan(0);
  expect(result.latenciesUs.length).toBeLessThan(answered);
  expect(result.latenciesUs.every((us) => us > 0)).toBe(true);
});

test('calls that are refused fail and have no latency', async () => {
  const open = await connections(4, (call) => (call % 2 === 0 ? 503 : 200));
  const { calls, failed, latenciesUs } = await openLoop({
    ...PLAN,
    warmUpSeconds: 0,
    connections: open,
  });
  expect(latenciesUs).toHaveLength(calls);
  expect(Math.abs(calls - failed)).toBeLessThanOrEqual(1);
});

test('the calls of a connection that breaks go on with the others', async () => {
  const open = await connections(4, (call) => (call === 0 ? undefined : 200));
  const { calls, failed } = await openLoop({ ...PLAN, connections: open });
  expect(failed).toBe(1);
  expect(calls).toBeGreaterThan(0);
});
