import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startOwnRunner } from '../../../../test/setup/own-runner.ts';
import type { Runner } from '../../dispatch/runner.ts';
import { SCRIPTS } from '../../scripts/script.ts';

let client: Redis;
let runner: Runner;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ client, runner, stop } = await startOwnRunner());
});
afterAll(() => stop());

const soon = () => ({ deadlineAtMs: performance.now() + 5000 });
const touch = (key = 'counter') => runner.run(SCRIPTS.touch, [key], [], soon());
const put = (name: string) =>
  runner.run(SCRIPTS.recordPut, ['records'], [name, 'x', 0, ''], soon());

/** Until another stream has taken the place of a lost one. */
const replaced = (lost: Redis['stream']) =>
  expect.poll(() => client.status === 'ready' && client.stream !== lost).toBe(true);

test('what is sent in one turn of the event loop is written at its end, at once', async () => {
  const write = vi.spyOn(client.stream, 'write');
  const sent = [touch(), touch(), touch()];
  expect(write).not.toHaveBeenCalled();
  expect(await Promise.all(sent)).toEqual([0, 0, 0]);
  // The script may have been unknown: then it has been sent by its source, at once as well.
  expect(write.mock.calls.length).toBeLessThanOrEqual(2);
  write.mockRestore();
});

test("each gets its own reply, the library's commands between ours too", async () => {
  await client.incrby('five', 5);
  const long = 'ä'.repeat(100_000);
  const answers = [
    touch('five'),
    client.echo(long),
    touch(),
    client.hgetall('nothing'),
    client.time(),
    touch('five'),
  ];
  const [five, echo, none, empty, time, again] = await Promise.all(answers);
  expect([five, echo === long, none, empty, again]).toEqual([5, true, 0, {}, 5]);
  expect(time).toEqual([expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]);
});

test('text that is not ASCII arrives as it was sent', async () => {
  const [name, value] = ['schlüssel', 'Ключ 🗝'];
  await runner.run(SCRIPTS.recordPut, ['texts'], [name, value, 0, ''], soon());
  expect(await client.hgetall('texts')).toEqual({ [name]: value });
});

test('an error is the answer of the one that it belongs to', async () => {
  await client.set('text', 'x');
  const [refused, served] = await Promise.allSettled([touch('text'), touch()]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { reason: 'STORE_UNAVAILABLE' } });
  expect(served).toEqual({ status: 'fulfilled', value: 0 });
});

test('what is held back when the connection is lost is refused and never runs', async () => {
  const { stream: lost } = client;
  const unsent = put('lost');
  lost.destroy();
  await expect(unsent).rejects.toMatchObject({
    reason: 'STORE_UNAVAILABLE',
    metadata: { store_code: 'NOT_CONNECTED' },
  });
  await replaced(lost);
  expect(await put('kept')).toBe(1);
  expect(await client.hkeys('records')).toEqual(['kept']);
});

test('what is unanswered when the connection is lost is refused, and the next connection answers', async () => {
  const { stream: lost } = client;
  await client.call('CLIENT', 'PAUSE', '200', 'ALL');
  const unanswered = touch();
  await new Promise(setImmediate);
  lost.destroy();
  await expect(unanswered).rejects.toMatchObject({
    reason: 'STORE_UNAVAILABLE',
    metadata: { store_code: 'CONNECTION_LOST' },
  });
  await replaced(lost);
  expect(await touch()).toBe(0);
});

test('bytes that are no reply end the connection, not the process', async () => {
  const { stream: lost } = client;
  const unanswered = touch();
  lost.emit('data', Buffer.from('?\r\n'));
  await expect(unanswered).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  await replaced(lost);
  expect(await touch()).toBe(0);
});
