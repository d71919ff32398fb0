import type { RefreshRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  CARRIERS,
  type CannedPublic,
  startCannedPublic,
} from '../../../../test/listeners/canned-public.ts';
import { type NodeRequests, recordNodeRequests } from '../../../../test/listeners/node-requests.ts';
import { bodyOf, callOf, headOf, REFRESH } from '../../../../test/listeners/raw-calls.ts';
import {
  ask,
  headerOf,
  type RawAnswer,
  type RawClient,
} from '../../../../test/listeners/raw-client.ts';
import { SignumError } from '../../../domain/errors.ts';

const GET = 'GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe.each(CARRIERS)('over %s', (over) => {
  let server: CannedPublic;
  let client: RawClient;
  let node: NodeRequests;

  beforeAll(async () => {
    server = await startCannedPublic({ over });
  });
  beforeEach(async () => {
    server.rpc.seen.length = 0;
    server.rpc.before = () => {};
    client = await server.dial();
    node = recordNodeRequests();
  });
  afterEach(() => node.stop());
  afterAll(() => server.close());

  /** Lets each call fail with its own refresh token as the reason. */
  function echo(): void {
    server.rpc.before = ({ message }) => {
      throw new SignumError('TOKEN_INVALID', (message as RefreshRequest).refreshToken);
    };
  }

  /** By the time that another connection is answered, all has been read that was written before. */
  const untilRead = async () => ask(await server.dial(), callOf('z'));

  const echoOf = (answer: RawAnswer | undefined) => JSON.parse(String(answer?.body)).message;

  describe('a call that comes in pieces', () => {
    test('of which the first is the head is usual', async () => {
      echo();
      for (const token of ['a', 'b', 'ccc']) {
        const body = bodyOf(token);
        client.write(headOf(body.length));
        await untilRead();
        expect(echoOf(await ask(client, body))).toBe(token);
      }
      expect(node.served).toEqual([]);
    });

    test.each([1, 10])(
      'of which the first ends in the body, %s bytes on, is usual',
      async (more) => {
        echo();
        const bytes = callOf('a');
        const at = bytes.indexOf('\r\n\r\n') + 4 + more;
        client.write(bytes.slice(0, at));
        await untilRead();
        expect(echoOf(await ask(client, bytes.slice(at)))).toBe('a');
        expect(node.served).toEqual([]);
      },
    );

    test('is answered by Node if its head is not whole in the first', async () => {
      echo();
      for (const at of [1, 4, 30, callOf('a').indexOf('\r\n\r\n') + 3]) {
        const other = await server.dial();
        other.write(callOf('a').slice(0, at));
        await untilRead();
        expect(echoOf(await ask(other, callOf('a').slice(at)))).toBe('a');
      }
      expect(node.served).toHaveLength(4);
    });

    test.each(['first', 'second'])('of one byte each is answered as the %s call', async (which) => {
      echo();
      if (which === 'second') await ask(client, callOf('b'));
      const [first = '', ...others] = callOf('a');
      client.write(first);
      await untilRead();
      for (const byte of others) client.write(byte);
      expect(echoOf(await client.next())).toBe('a');
      expect(node.served.map(({ url }) => url)).toEqual([REFRESH]);
      expect(echoOf(await ask(client, callOf('c')))).toBe('c');
    });

    test.each(['first', 'second'])(
      'and is a megabyte long arrives whole as the %s call',
      async (which) => {
        if (which === 'second') await ask(client, callOf('b'));
        const body = JSON.stringify({
          items: Array.from({ length: 100 }, (_, i) => ({ token: `${i}`.repeat(5_500) })),
        });
        const path = '/signum.v1.TokenService/BatchValidate';
        expect(body.length).toBeGreaterThan(1_000_000);
        expect((await ask(client, headOf(body.length, {}, path) + body)).status).toBe(200);
        expect(server.rpc.seen.at(-1)?.message).toEqual(JSON.parse(body));
        // Node knows how to put together what comes in many pieces.
        expect(node.served).toHaveLength(1);
        expect((await ask(client, callOf('c'))).status).toBe(200);
      },
    );
  });

  test('a call of which half has come when its server goes down is answered', async () => {
    const own = await startCannedPublic({ over });
    const other = await own.dial();
    const bytes = callOf('a');
    other.write(bytes.slice(0, -5));
    // By the time that another connection is answered, it has been read.
    await ask(await own.dial(), callOf('b'));
    const drained = own.listener.drain();
    await expect.poll(() => node.served.length).toBe(1);
    const answer = await ask(other, bytes.slice(-5));
    expect([answer.status, headerOf(answer.headers, 'connection')]).toEqual([200, 'close']);
    await drained;
    await own.close();
  });

  describe('calls that do not wait for the answers before them', () => {
    test.each([
      ['together', (calls: string[]) => [calls.join('')]],
      ['one by one', (calls: string[]) => calls],
      ['cut anywhere', (calls: string[]) => calls.join('').match(/.{1,100}/gs) ?? []],
      [
        'the last one cut',
        (calls: string[]) => [calls.join('').slice(0, -5), calls.join('').slice(-5)],
      ],
    ])('are all answered, in order: %s', async (_how, cut) => {
      echo();
      const tokens = ['a', 'bb', 'b', 'cc', 'c'];
      for (const piece of cut(tokens.map((token) => callOf(token)))) client.write(piece);
      for (const token of tokens) expect(echoOf(await client.next())).toBe(token);
      expect(server.rpc.seen).toHaveLength(tokens.length);
    });

    test('are all answered, in order, when they come before an answer that takes long', async () => {
      const begun = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      server.rpc.before = async ({ message }) => {
        const { refreshToken } = message as RefreshRequest;
        if (refreshToken === 'slow') {
          begun.resolve();
          await release.promise;
        }
        throw new SignumError('TOKEN_INVALID', refreshToken);
      };
      client.write(callOf('slow'));
      await begun.promise;
      client.write(callOf('a') + GET);
      client.write(callOf('b'));
      await untilRead();
      release.resolve();
      expect(echoOf(await client.next())).toBe('slow');
      expect(echoOf(await client.next())).toBe('a');
      expect((await client.next())?.status).toBe(404);
      expect(echoOf(await client.next())).toBe('b');
      expect(server.rpc.seen).toHaveLength(4);
    });
  });

  describe('an unusual request, after one that is', () => {
    const gzip = { 'Content-Encoding': 'gzip' };
    const CHUNKED = [
      `POST ${REFRESH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`,
      'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    ].join('');

    test.each<[what: string, bytes: string, status: number]>([
      ['a GET of an unknown path', GET, 404],
      ['a POST of an unknown path', `${headOf(2, {}, '/nothing')}{}`, 404],
      ['a content encoding', callOf('a', gzip), 501],
      ['a content type that no protocol has', callOf('a', { 'Content-Type': 'text/plain' }), 415],
      ['a query', `${headOf(2, {}, `${REFRESH}?a=b`)}{}`, 400],
      ['a chunked body', CHUNKED, 200],
    ])('is answered as ever, and so are usual ones after it: %s', async (_what, bytes, status) => {
      expect((await ask(client, callOf('a'))).status).toBe(200);
      expect(node.served).toEqual([]);
      expect((await ask(client, bytes)).status).toBe(status);
      echo();
      for (const token of ['b', 'c']) expect(echoOf(await ask(client, callOf(token)))).toBe(token);
      expect(node.served).toHaveLength(3);
    });

    test('is the last one if its body is too long', async () => {
      await ask(client, callOf('a'));
      expect((await ask(client, callOf('x'.repeat(70_000)))).status).toBe(429);
      expect(await client.next()).toBeUndefined();
    });
  });
});
