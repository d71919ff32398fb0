import {
  TokenService,
  type ValidateResponse,
  Verdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test, vi } from 'vitest';
import { invoke } from '../../../test/listeners/invoke.ts';
import { createTestRpc } from '../../../test/listeners/test-rpc.ts';
import type { Validation } from '../../domain/verdict.ts';

const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const { issue, batchValidate } = TokenService.method;

const reason = (reason: string, metadata = {}) =>
  expect.objectContaining({ reason, metadata: expect.objectContaining(metadata) });

test('answers every item by itself, in order', async () => {
  const test = createTestRpc();
  const as = 'acme';
  const { tokens } = await invoke(test, issue, { device }, { as });
  const items = [
    { subject: { case: 'token', value: tokens?.accessToken ?? '' } },
    {
      subject: { case: 'ids', value: { ...device, tenantId: 'other', tokenId: tokens?.tokenId } },
    },
    {},
    { subject: { case: 'token', value: 'unknown' } },
  ] as const;
  const { results } = await invoke(test, batchValidate, { items } as never, { as });
  expect(results.map(({ result }) => result.case)).toEqual([
    'response',
    'error',
    'error',
    'response',
  ]);
  expect(results.map(({ result: { value } }) => (value as { code?: number }).code)).toEqual([
    undefined,
    7,
    3,
    undefined,
  ]);
});

test('has all items under way at the same time', async () => {
  const test = createTestRpc();
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  test.tokens.before = () => {
    waiting += 1;
    if (waiting === 10) resolve();
    return promise;
  };
  const items = Array.from({ length: 10 }, () => ({ subject: { case: 'token', value: 'x' } }));
  const { results } = await invoke(test, batchValidate, { items } as never, { as: 'acme' });
  expect(results).toHaveLength(10);
});

test('keeps the order, whichever item is answered first', async () => {
  const test = createTestRpc();
  const verdicts = ['EXPIRED', 'UNKNOWN', 'MALFORMED'] as const;
  const asked: ((validation: Validation) => void)[] = [];
  test.tokens.validate = () => new Promise((resolve) => asked.push(resolve));
  const items = verdicts.map(() => ({ subject: { case: 'token', value: 'x' } }));
  const answer = invoke(test, batchValidate, { items } as never, { as: 'acme' });
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  for (const i of [2, 0, 1] as const) {
    asked[i]?.({ verdict: verdicts[i], source: 'TOKEN', revision: 0 });
  }
  const { results } = await answer;
  expect(results.map(({ result: { value } }) => (value as ValidateResponse).verdict)).toEqual(
    verdicts.map((verdict) => Verdict[verdict]),
  );
});

test.each<[string, () => Promise<Validation>]>([
  ['that is thrown', () => fault()],
  ['that is a rejection', async () => fault()],
  [
    'that is an answer which cannot be sent',
    async () => ({ verdict: 'UNKNOWN', source: 'STORE', revision: 0.5 }),
  ],
])('holds a fault %s against its item alone', async (_what, second) => {
  const test = createTestRpc();
  const good: Validation = { verdict: 'UNKNOWN', source: 'STORE', revision: 1 };
  test.tokens.validate = vi.fn(async () => good).mockImplementationOnce(second);
  const items = [1, 2].map(() => ({ subject: { case: 'token', value: 'x' } }));
  const { results } = await invoke(test, batchValidate, { items } as never, { as: 'acme' });
  expect(results.map(({ result }) => result.case)).toEqual(['error', 'response']);
  expect(results[0]?.result.value).toMatchObject({ code: 13 });
});

test('logs an item’s fault and tells its request id, and no more', async () => {
  const test = createTestRpc();
  test.tokens.before = () => {
    throw new Error('secret');
  };
  const items = [{ subject: { case: 'token', value: 'x' } }];
  const headers = { 'x-request-id': 'abc' };
  const answer = await invoke(test, batchValidate, { items } as never, { as: 'acme', headers });
  expect(answer.results[0]?.result.value).toMatchObject({ code: 13, message: 'internal error' });
  expect(test.faults).toMatchObject([{ requestId: 'abc' }]);
});

test.each([0, 257])('refuses %i items', async (length) => {
  const items = Array.from({ length }, () => ({}));
  const answer = invoke(createTestRpc(), batchValidate, { items }, { as: 'acme' });
  await expect(answer).rejects.toEqual(reason('INVALID_FIELD', { field: 'items' }));
});

function fault(): never {
  throw new Error('a fault');
}
