import { once } from 'node:events';
import { connect, constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../../../test/setup/until.ts';
import type { Peer } from '../../call/head.ts';
import type { Underway } from '../drain/underway.ts';
import { GrpcExchange } from '../grpc/exchange.ts';
import { createBodyBudget } from './budget.ts';
import { readBody } from './read-body.ts';

const budget = createBodyBudget();

const readAsBody = (stream: ServerHttp2Stream) =>
  readBody(stream, { budget, maxBytes: 1_024, announced: undefined });

const readAsMessage = (stream: ServerHttp2Stream) => {
  const peer = {} as Peer;
  const underway = { add() {}, delete() {} } as unknown as Underway;
  const head = { headers: {}, rawHeaders: [], answerHeaders: {} };
  return new GrpcExchange({ stream, ...head, peer, budget, underway }).readOne(1_024);
};

test.each([
  ['a body', readAsBody],
  ['a message of gRPC', readAsMessage],
])('%s whose stream was reset before it was read is not an empty one', async (_what, read) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`);
  try {
    const request = client.request({ ':method': 'POST', ':path': '/' });
    request.on('error', () => {});
    const [stream] = (await once(server, 'stream')) as [ServerHttp2Stream];
    stream.on('error', () => {});
    request.close(constants.NGHTTP2_CANCEL);
    await until('the stream is at its end', () => stream.readableEnded);
    await expect(read(stream)).rejects.toMatchObject({ reason: 'CANCELLED' });
  } finally {
    client.destroy();
    server.close();
  }
});
