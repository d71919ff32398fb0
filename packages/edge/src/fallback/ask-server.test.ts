import { setImmediate as nextTurn } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import {
  type BatchValidateResponse,
  BatchValidateResponseSchema,
  type TokenService,
  Verdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { createAskServer } from './ask-server.ts';

const REQUIREMENTS = { scopes: [], audiences: [] };

/** A server that answers when it is told to, and by what it knows then. */
function slowServer() {
  const calls: { readonly tokens: readonly string[]; answer(verdict: Verdict): void }[] = [];
  const client = {
    batchValidate: ({ items }: { items: readonly { subject: { value: string } }[] }) => {
      const { promise, resolve } = Promise.withResolvers<BatchValidateResponse>();
      const answer = (verdict: Verdict) => {
        const results = items.map(() => ({
          result: { case: 'response' as const, value: { verdict } },
        }));
        resolve(create(BatchValidateResponseSchema, { results }));
      };
      calls.push({ tokens: items.map(({ subject }) => subject.value), answer });
      return promise;
    },
  } as unknown as Client<typeof TokenService>;
  const server = createAskServer({
    ...{ client: () => client, timeoutMs: 1_000, mostWaiting: 16 },
    onError: (error) => expect.unreachable(String(error)),
  });
  return { server, calls };
}

test('who asks of one token before the question is sent shares it', async () => {
  const { server, calls } = slowServer();
  const asked = [server.ask('a', REQUIREMENTS, false), server.ask('a', REQUIREMENTS, false)];
  await nextTurn();
  expect(calls.map(({ tokens }) => tokens)).toEqual([['a']]);
  expect(server.waiting).toBe(1);
  calls[0]?.answer(Verdict.UNKNOWN);
  for (const { verdict } of await Promise.all(asked)) expect(verdict).toBe('UNKNOWN');
  expect(server.waiting).toBe(0);
});

test('no answer serves a question that came after it was asked for', async () => {
  const { server, calls } = slowServer();
  const before = server.ask('a', REQUIREMENTS, false);
  await nextTurn();
  // Meanwhile the token may have ended, and whoever ended it may know.
  const after = server.ask('a', REQUIREMENTS, false);
  await nextTurn();
  expect(calls.map(({ tokens }) => tokens)).toEqual([['a'], ['a']]);
  calls[0]?.answer(Verdict.UNKNOWN);
  calls[1]?.answer(Verdict.EXPIRED);
  expect((await before).verdict).toBe('UNKNOWN');
  expect((await after).verdict).toBe('EXPIRED');
});
