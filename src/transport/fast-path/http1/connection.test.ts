import type { RefreshRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  CARRIERS,
  type CannedPublic,
  startCannedPublic,
} from '../../../../test/listeners/canned-public.ts';
import { type NodeRequests, recordNodeRequests } from '../../../../test/listeners/node-requests.ts';
import { callOf, headOf } from '../../../../test/listeners/raw-calls.ts';
import { ask, type RawAnswer, type RawClient } from '../../../../test/listeners/raw-client.ts';
import { SignumError } from '../../../domain/errors.ts';
import { createTrustedProxies } from '../../proxy/trusted-proxies.ts';

const ORIGIN = 'https://app.example';
const GET = 'GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe.each(CARRIERS)('over %s', (over) => {
  let direct: CannedPublic;
  let reference: CannedPublic;
  let client: RawClient;
  let node: NodeRequests;

  beforeAll(async () => {
    direct = await startCannedPublic({ over, corsOrigins: [ORIGIN] });
    reference = await startCannedPublic({ over, directUnary: false, corsOrigins: [ORIGIN] });
  });
  beforeEach(async () => {
    for (const { rpc } of [direct, reference]) {
      rpc.seen.length = 0;
      rpc.before = () => {};
    }
    client = await direct.dial();
    node = recordNodeRequests();
  });
  afterEach(() => node.stop());
  afterAll(() => Promise.all([direct.close(), reference.close()]));

  /** Lets each call fail with its own refresh token as the reason. */
  function echo(): void {
    direct.rpc.before = ({ message }) => {
      throw new SignumError('TOKEN_INVALID', (message as RefreshRequest).refreshToken);
    };
  }

  const echoOf = (answer: RawAnswer | undefined) => JSON.parse(String(answer?.body)).message;
  const withoutDate = ({ headers }: RawAnswer) => headers.filter(([name]) => name !== 'Date');

  describe('usual calls one after the other', () => {
    test.each<[what: string, bytes: string, status: number]>([
      ['an answer', callOf('a'), 200],
      ['an answer to a web page', callOf('a', { Origin: ORIGIN }), 200],
      ['an answer to a page that may not ask', callOf('a', { Origin: 'https://x.example' }), 200],
      ['an error', callOf('a', { 'X-Reason': 'TOKEN_INVALID' }), 401],
      ['an answer to a body that is none', `${headOf(1)}{`, 400],
      ['an answer to a body of no bytes', headOf(0), 400],
      ['protobuf', headOf(0, { 'Content-Type': 'application/proto' }), 200],
    ])('have heads to their answers as Node writes them: %s', async (_what, bytes, status) => {
      const answers = [await ask(client, bytes), await ask(client, bytes)];
      expect(node.served).toEqual([]);
      const onNode = await direct.dial();
      await ask(onNode, GET);
      const theirs = await ask(onNode, bytes);
      expect(node.served).toHaveLength(2);
      expect(theirs.status).toBe(status);
      for (const ours of answers) {
        expect(ours.status).toBe(status);
        expect(ours.body).toEqual(theirs.body);
        expect(ours.headers.map(([name]) => name)).toEqual(theirs.headers.map(([name]) => name));
        expect(withoutDate(ours)).toEqual(withoutDate(theirs));
      }
      const others = await ask(await reference.dial(), bytes);
      expect(withoutDate(theirs).toSorted()).toEqual(withoutDate(others).toSorted());
    });

    test('carry the date of now', async () => {
      const { headers } = await ask(client, callOf('a'));
      const date = new Map(headers).get('Date') ?? '';
      expect(date).toBe(new Date(date).toUTCString());
      expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(60_000);
    });

    test('with one head get each the answer to its own body', async () => {
      echo();
      for (const token of ['a', 'b', 'a', 'c'])
        expect(echoOf(await ask(client, callOf(token)))).toBe(token);
      expect(node.served).toEqual([]);
    });

    test('with heads that differ are read each with its own', async () => {
      const authorizations = [
        'Bearer a',
        'Bearer b',
        'Bearer b',
        'Bearer a',
        'Bearer aa',
        undefined,
      ];
      for (const Authorization of authorizations) {
        await ask(client, callOf('x', Authorization === undefined ? {} : { Authorization }));
      }
      expect(direct.rpc.seen.map(({ authorization }) => authorization)).toEqual(authorizations);
      expect(node.served).toEqual([]);
    });

    test('with lengths that differ are read each with its own', async () => {
      echo();
      for (const token of ['a', 'abc', 'ab', 'a'.repeat(500), 'abcd']) {
        expect(echoOf(await ask(client, callOf(token)))).toBe(token);
      }
      expect(node.served).toEqual([]);
    });

    test('go to the methods of their paths', async () => {
      const of = (method: string) => `${headOf(2, {}, `/signum.v1.TokenService/${method}`)}{}`;
      for (const method of ['Refresh', 'Validate', 'Refresh']) await ask(client, of(method));
      expect(direct.rpc.seen.map(({ method }) => method)).toEqual([
        'Refresh',
        'Validate',
        'Refresh',
      ]);
      expect(node.served).toEqual([]);
    });
  });
});

test('a connection whose proxy names its client first is none for Node’s HTTP either', async () => {
  const network = { address: '127.0.0.1', family: 'ipv4', prefix: 32 } as const;
  const server = await startCannedPublic({ over: 'TCP', proxies: createTrustedProxies([network]) });
  const requests = recordNodeRequests();
  const named = await server.dial();
  named.write('PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n');
  for (const token of ['a', 'b']) expect((await ask(named, callOf(token))).status).toBe(200);
  expect(requests.served).toEqual([]);
  requests.stop();
  await server.close();
});
