import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CARRIERS,
  type CannedPublic,
  startCannedPublic,
} from '../../../../test/listeners/canned-public.ts';
import { type NodeRequests, recordNodeRequests } from '../../../../test/listeners/node-requests.ts';
import { callOf } from '../../../../test/listeners/raw-calls.ts';
import {
  ask,
  headerOf,
  type RawAnswer,
  type RawClient,
} from '../../../../test/listeners/raw-client.ts';

/** A socket that nobody listens at is taken away. */
const REFUSED = { TLS: 'ECONNREFUSED', TCP: 'ECONNREFUSED', 'a Unix socket': 'ENOENT' };

describe.each(CARRIERS)('over %s', (over) => {
  let server: CannedPublic;
  let client: RawClient;
  let node: NodeRequests;

  beforeEach(async () => {
    server = await startCannedPublic({ over });
    client = await server.dial();
    node = recordNodeRequests();
  });
  afterEach(async () => {
    expect(node.served).toEqual([]);
    node.stop();
    await server.close();
  });

  const connectionOf = (answer: RawAnswer | undefined) =>
    headerOf(answer?.headers ?? [], 'connection');

  /** Makes a call that is answered on `release`. */
  async function begin(on: RawClient) {
    const begun = Promise.withResolvers<void>();
    const { promise, resolve: release } = Promise.withResolvers<void>();
    server.rpc.before = () => {
      begun.resolve();
      return promise;
    };
    on.write(callOf('a'));
    await begun.promise;
    server.rpc.before = () => {};
    return { release };
  }

  function drain() {
    const state = { isDone: false };
    const done = server.listener.drain().then(() => {
      state.isDone = true;
    });
    return { state, done };
  }

  /** A client notices that its server has closed the whole connection when it writes to it. */
  async function callUntilClosed(on: RawClient): Promise<void> {
    const isClosed = () => {
      if (!on.socket.destroyed) on.write(callOf('late'));
      return on.socket.destroyed;
    };
    await expect.poll(isClosed).toBe(true);
  }

  test.each(['first', 'second'])(
    'a call under way when a drain begins, the %s of its connection, is answered whole and the last',
    async (which) => {
      if (which === 'second') await ask(client, callOf('b'));
      const { body } = await ask(await server.dial(), callOf('b'));
      const { release } = await begin(client);
      const { state, done } = drain();
      // Others have ended, and the drain waits for this one.
      await expect.poll(() => server.dial().then(Boolean, ({ code }) => code)).toBe(REFUSED[over]);
      expect(state.isDone).toBe(false);
      release();
      const answer = await client.next();
      expect(answer?.status).toBe(200);
      expect(answer?.body).toEqual(body);
      expect(connectionOf(answer)).toBe('close');
      expect(await client.next()).toBeUndefined();
      await done;
    },
  );

  test.each<[what: string, before: () => Promise<unknown> | undefined]>([
    ['has not been used', () => undefined],
    ['waits for its next call', () => ask(client, callOf('a'))],
  ])('a connection that %s ends with a drain while others are served', async (_what, before) => {
    await before();
    const other = await server.dial();
    const { release } = await begin(other);
    const { state, done } = drain();
    expect(await client.next()).toBeUndefined();
    expect(state.isDone).toBe(false);
    release();
    expect((await other.next())?.status).toBe(200);
    await done;
  });

  test('a call that comes while clients are being sent away is answered, and the last', async () => {
    await ask(client, callOf('a'));
    const { done } = drain();
    const answer = await ask(client, callOf('b'));
    expect(answer.status).toBe(200);
    expect(connectionOf(answer)).toBe('close');
    expect(await client.next()).toBeUndefined();
    await done;
  });

  test('a call that comes after the end of its connection is not made', async () => {
    const stubborn = await server.dial({ allowHalfOpen: true });
    const { release } = await begin(client);
    const { done } = drain();
    await once(stubborn.socket, 'end');
    await callUntilClosed(stubborn);
    expect(server.rpc.seen).toHaveLength(1);
    release();
    expect((await client.next())?.status).toBe(200);
    await done;
  });

  test('a call that comes after the last answer of its connection is not made', async () => {
    const stubborn = await server.dial({ allowHalfOpen: true });
    const { release } = await begin(client);
    const { done } = drain();
    expect(connectionOf(await ask(stubborn, callOf('last')))).toBe('close');
    await callUntilClosed(stubborn);
    expect(server.rpc.seen).toHaveLength(2);
    release();
    expect((await client.next())?.status).toBe(200);
    await done;
  });

  test('a client that does not take its answer does not stop a drain', async () => {
    client.socket.pause();
    const { release } = await begin(client);
    const { done } = drain();
    release();
    await done;
  });
});
