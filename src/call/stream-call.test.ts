import { create, type Message } from '@bufbuild/protobuf';
import {
  TokenService,
  ValidateStreamRequestSchema,
  type ValidateStreamResponse,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { describe, expect, test } from 'vitest';
import { headOf, type InvokeOptions } from '../../test/listeners/invoke.ts';
import { createTestRpc, type TestRpc } from '../../test/listeners/test-rpc.ts';

import { accessOf } from '../policy/access.ts';
import type { ServerStreamEndpoint } from './endpoint.ts';

const method = TokenService.method.validateStream;

const reason = (reason: string) => expect.objectContaining({ reason });

const batch = (size = 1): Message =>
  create(ValidateStreamRequestSchema, {
    items: Array.from({ length: size }, () => ({
      subject: { case: 'token', value: 'x' } as const,
    })),
  });

/** An endless client, which counts how much has been read of it. */
function endless() {
  const state = { read: 0 };
  async function* messages(): AsyncGenerator<Message> {
    for (;;) {
      state.read += 1;
      yield batch();
    }
  }
  return { state, messages: messages() };
}

async function* of(...messages: readonly Message[]): AsyncGenerator<Message> {
  yield* messages;
}

/** A client that says no more. */
async function* silent(): AsyncGenerator<Message> {
  await new Promise(() => {});
}

interface Options extends InvokeOptions {
  readonly draining?: AbortSignal;
}

/** Opens a stream past all transports. */
async function* answersTo(
  { rpc }: TestRpc,
  messages: AsyncIterable<Message>,
  { draining = new AbortController().signal, ...options }: Options,
): AsyncGenerator<Message> {
  const call = rpc.openStream(method, headOf({ as: 'admin', ...options }));
  await call.admit();
  yield* call.run(messages, draining);
}

function converse(
  test: TestRpc,
  messages: AsyncIterable<Message>,
  options: Options = {},
): AsyncIterator<ValidateStreamResponse> {
  const answers = answersTo(test, messages, options);
  return answers as AsyncIterator<ValidateStreamResponse>;
}

const codes = ({ results }: ValidateStreamResponse) =>
  results.map(({ result }) => (result.case === 'error' ? result.value.code : 0));

describe('how much of a stream is read', () => {
  test('while no answer is taken, as much as may be under way', async () => {
    const client = endless();
    const answers = converse(createTestRpc(), client.messages);
    await answers.next();
    await expect.poll(() => client.state.read).toBe(5);
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect(client.state.read).toBe(5);
    await answers.next();
    await expect.poll(() => client.state.read).toBe(6);
    await answers.return?.();
  });

  test('the first answers wait for nothing that comes later', async () => {
    const sent = async function* () {
      yield batch();
      await new Promise(() => {});
    };
    const { value } = await converse(createTestRpc(), sent()).next();
    expect(codes(value)).toEqual([0]);
  });

  test('an answer that is ready waits for the ones before it', async () => {
    const test = createTestRpc();
    const { promise, resolve } = Promise.withResolvers<void>();
    test.tokens.before = () => (test.tokens.calls.length === 1 ? promise : undefined);
    const answers = converse(test, of(batch(1), batch(2)));
    const first = answers.next();
    await expect.poll(() => test.tokens.calls.length).toBe(3);
    resolve();
    expect(codes((await first).value)).toEqual([0]);
    expect(codes((await answers.next()).value)).toEqual([0, 0]);
    expect((await answers.next()).done).toBe(true);
  });
});

describe('a batch that comes to nothing', () => {
  test('is late: each of its items is, and the stream goes on', async () => {
    const test = createTestRpc({ defaultTimeoutMs: 5 });
    test.tokens.before = () =>
      test.tokens.calls.length <= 2 ? new Promise<void>(() => {}) : undefined;
    const answers = converse(test, of(batch(2), batch(1)));
    expect(codes((await answers.next()).value)).toEqual([4, 4]);
    expect(codes((await answers.next()).value)).toEqual([0]);
  });

  test('is too much for the server: each of its items is', async () => {
    const test = createTestRpc({ maxInflight: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    test.tokens.before = () => promise;
    const answers = converse(test, of(batch(1), batch(2)));
    const first = answers.next();
    await expect.poll(() => test.observations.length).toBe(1);
    resolve();
    expect(codes((await first).value)).toEqual([0]);
    expect(codes((await answers.next()).value)).toEqual([8, 8]);
  });
});

describe('a stream ends', () => {
  test('when nothing has moved on it for too long', async () => {
    const test = createTestRpc({ idleStreamMs: 20, recheckCallerMs: 5 });
    await expect(converse(test, silent()).next()).rejects.toEqual(reason('DEADLINE_EXCEEDED'));
  });

  test('at the client’s own deadline', async () => {
    const answers = converse(createTestRpc(), silent(), { timeoutMs: 5 });
    await expect(answers.next()).rejects.toEqual(reason('DEADLINE_EXCEEDED'));
  });

  test('when the client goes away', async () => {
    const client = new AbortController();
    const answer = converse(createTestRpc(), silent(), { signal: client.signal }).next();
    setImmediate(() => client.abort());
    await expect(answer).rejects.toEqual(reason('CANCELLED'));
  });

  test('when the server takes no more of it, behind what was begun', async () => {
    const draining = new AbortController();
    const test = createTestRpc();
    const { promise, resolve } = Promise.withResolvers<void>();
    test.tokens.before = () => promise;
    const answers = converse(test, endless().messages, { draining: draining.signal });
    const first = answers.next();
    await expect.poll(() => test.tokens.calls.length).toBe(4);
    draining.abort();
    resolve();
    await first;
    for (let i = 0; i < 3; i += 1) expect((await answers.next()).done).toBe(false);
    await expect(answers.next()).rejects.toEqual(reason('DRAINING'));
    expect(test.tokens.calls).toHaveLength(4);
  });

  test('with the error of its messages, behind the answers before it', async () => {
    const broken = async function* () {
      yield batch();
      throw new RangeError('cut off');
    };
    const answers = converse(createTestRpc(), broken());
    expect((await answers.next()).done).toBe(false);
    await expect(answers.next()).rejects.toThrow(RangeError);
  });
});

test('more streams than the bound are refused, and room is made again', async () => {
  const test = createTestRpc({ maxStreams: 1 });
  const first = converse(test, endless().messages);
  await first.next();
  await expect(converse(test, silent()).next()).rejects.toEqual(reason('OVERLOADED'));
  await first.return?.();
  expect((await converse(test, of(batch())).next()).done).toBe(false);
});

test('each batch is observed as a call of the method', async () => {
  const test = createTestRpc();
  const answers = converse(test, of(batch(), batch()));
  while (!(await answers.next()).done);
  expect(test.observations).toMatchObject([
    { method: 'signum.v1.TokenService/ValidateStream', code: 'OK', callerKind: 'service' },
    { method: 'signum.v1.TokenService/ValidateStream', code: 'OK', callerKind: 'service' },
  ]);
});

test('whoever may not validate cannot open a stream', async () => {
  const test = createTestRpc({ maxStreams: 1 });
  for (let i = 0; i < 2; i += 1) {
    const answers = converse(test, silent(), { as: 'user' });
    await expect(answers.next()).rejects.toEqual(reason('PERMISSION_DENIED'));
  }
  expect(test.observations[1]).toMatchObject({ code: 'PERMISSION_DENIED', callerKind: 'user' });
});

describe('streams of users', () => {
  const endpoint: ServerStreamEndpoint<string, string> = {
    kind: 'server_stream',
    name: 'signum.v1.TokenService/WatchSession',
    access: accessOf('signum.v1.TokenService/WatchSession'),
    maxBytes: 100,
    async *handle(_call, input) {
      for (;;) yield input;
    },
  };
  const open = async (
    { pipeline }: TestRpc,
    as: string | undefined,
    messages: AsyncIterable<string>,
  ) => {
    const call = pipeline.openStream(endpoint, headOf({ as }));
    await call.admit();
    return call.run(messages, new AbortController().signal);
  };
  async function* one() {
    yield 'x';
  }
  async function* none() {
    await new Promise(() => {});
    yield 'x';
  }

  test('take no places of service callers', async () => {
    const test = createTestRpc({ maxStreams: 1, maxUserStreams: 1 });
    const first = await open(test, 'user', one());
    await first.next();
    await expect((await open(test, undefined, one())).next()).rejects.toEqual(reason('OVERLOADED'));
    const service = await open(test, 'admin', one());
    expect((await service.next()).value).toBe('x');
    await expect((await open(test, 'admin', one())).next()).rejects.toEqual(reason('OVERLOADED'));
  });

  test('take none at all before their message has come', async () => {
    const test = createTestRpc({ maxStreams: 1, maxUserStreams: 1 });
    for (let i = 0; i < 5; i += 1) void (await open(test, undefined, none())).next();
    expect((await (await open(test, 'user', one())).next()).value).toBe('x');
  });
});
