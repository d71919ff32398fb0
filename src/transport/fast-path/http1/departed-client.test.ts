import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  CARRIERS,
  type CannedPublic,
  startCannedPublic,
} from '../../../../test/listeners/canned-public.ts';
import type { Asked } from '../../../../test/listeners/canned-rpc.ts';
import { recordNodeRequests } from '../../../../test/listeners/node-requests.ts';
import { bodyOf, callOf, headOf } from '../../../../test/listeners/raw-calls.ts';
import { ask, type RawClient } from '../../../../test/listeners/raw-client.ts';

describe.each(CARRIERS)('over %s', (over) => {
  let direct: CannedPublic;
  let reference: CannedPublic;

  beforeAll(async () => {
    direct = await startCannedPublic({ over });
    reference = await startCannedPublic({ over, directUnary: false });
  });
  beforeEach(() => {
    for (const { rpc } of [direct, reference]) {
      rpc.seen.length = 0;
      rpc.before = () => {};
    }
  });
  afterAll(() => Promise.all([direct.close(), reference.close()]));

  /** Lets the calls of a server wait for ever; the first one's signal. */
  function holdCalls({ rpc }: CannedPublic): Promise<Asked['signal']> {
    const signal = Promise.withResolvers<Asked['signal']>();
    rpc.before = (request) => {
      signal.resolve(request.signal);
      return new Promise(() => {});
    };
    return signal.promise;
  }

  test.each([
    ['closes the connection', ({ socket }: RawClient) => socket.destroy()],
    ['sends nothing more', ({ socket }: RawClient) => socket.end()],
  ])('a client that %s ends its call', async (_what, leave) => {
    const node = recordNodeRequests();
    const held = holdCalls(direct);
    const client = await direct.dial();
    client.write(callOf('a'));
    const signal = await held;
    expect(signal?.aborted).toBe(false);
    leave(client);
    await expect.poll(() => signal?.aborted).toBe(true);
    expect(node.served).toEqual([]);
    node.stop();
  });

  test('a client that goes away leaves the calls of others alone', async () => {
    const held = holdCalls(direct);
    const client = await direct.dial();
    client.write(callOf('a'));
    const signal = await held;
    direct.rpc.before = () => {};
    const other = await direct.dial();
    await ask(other, callOf('b'));
    client.socket.destroy();
    await expect.poll(() => signal?.aborted).toBe(true);
    expect((await ask(other, callOf('b'))).status).toBe(200);
  });

  const WHOLE = callOf('a');

  /** The statuses that a client gets for its last bytes if it closes its side right after them. */
  async function statusesFor(last: string, server: CannedPublic, isFirst: boolean) {
    server.rpc.before = () => {};
    const client = await server.dial();
    if (!isFirst) await ask(client, WHOLE);
    server.rpc.seen.length = 0;
    server.rpc.before = untilAborted;
    client.socket.end(last);
    const statuses: number[] = [];
    for (let next = await client.next(); next; next = await client.next())
      statuses.push(next.status);
    return statuses;
  }

  function untilAborted({ signal }: Asked): Promise<void> {
    return new Promise((resolve) => {
      signal?.addEventListener('abort', { handleEvent: resolve });
    });
  }

  describe.each([
    ['at once', true],
    ['after a call', false],
  ])('a client that closes its side %s', (_when, isFirst) => {
    test.each([
      ['a call', WHOLE, 1],
      ['two calls', WHOLE + WHOLE, 1],
      ['half a head', WHOLE.slice(0, 20), 0],
      ['nothing', '', 0],
    ])('behind %s gets what it would get from Node', async (_last, bytes, atLeast) => {
      const ours = await statusesFor(bytes, direct, isFirst);
      expect(ours).toEqual(await statusesFor(bytes, reference, isFirst));
      for (const { rpc } of [direct, reference]) {
        await expect.poll(() => rpc.seen.length).toBeGreaterThanOrEqual(atLeast);
      }
    });

    test.each([
      ['a head', headOf(bodyOf('a').length)],
      ['half a body', WHOLE.slice(0, -1)],
    ])('behind %s calls nothing, and the connection ends', async (_last, bytes) => {
      expect(await statusesFor(bytes, direct, isFirst)).toEqual([]);
      expect(direct.rpc.seen).toEqual([]);
    });
  });
});
