import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { describe, expect, test } from 'vitest';
import { invoke } from '../../test/listeners/invoke.ts';
import { createTestRpc } from '../../test/listeners/test-rpc.ts';
import { SignumError } from '../domain/errors.ts';

const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const { issue, refresh } = TokenService.method;

const reason = (reason: string, metadata = {}) =>
  expect.objectContaining({ reason, metadata: expect.objectContaining(metadata) });

describe('limits', () => {
  const input = { refreshToken: 'x' };
  const stuck = () => {
    const test = createTestRpc({ maxInflight: 2, defaultTimeoutMs: 60_000, maxTimeoutMs: 60_000 });
    const { promise, resolve } = Promise.withResolvers<void>();
    test.tokens.before = () => promise;
    return { test, release: resolve };
  };

  test('a call that outlives its deadline is answered then', async () => {
    const { test } = stuck();
    const answer = invoke(test, refresh, input, { timeoutMs: 5 });
    await expect(answer).rejects.toEqual(reason('DEADLINE_EXCEEDED'));
  });

  test('a call that comes too late is not begun', async () => {
    const test = createTestRpc();
    const answer = invoke(test, refresh, input, { timeoutMs: 0 });
    await expect(answer).rejects.toEqual(reason('DEADLINE_EXCEEDED'));
    expect(test.tokens.calls).toEqual([]);
  });

  test('a client cannot have more time than the most that is allowed', async () => {
    const test = createTestRpc({ maxTimeoutMs: 5 });
    test.tokens.before = () => new Promise(() => {});
    const answer = invoke(test, refresh, input, { timeoutMs: 1_000_000 });
    await expect(answer).rejects.toEqual(reason('DEADLINE_EXCEEDED'));
  });

  test('a client that goes away ends its call', async () => {
    const { test } = stuck();
    const client = new AbortController();
    const answer = invoke(test, refresh, input, { signal: client.signal });
    client.abort();
    await expect(answer).rejects.toEqual(reason('CANCELLED'));
  });

  test('what is past the bound is refused at once, and room is made again', async () => {
    const { test, release } = stuck();
    const accepted = [invoke(test, refresh, input), invoke(test, refresh, input)];
    await expect(invoke(test, refresh, input)).rejects.toEqual(reason('OVERLOADED'));
    release();
    const outcomes = await Promise.allSettled(accepted);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(invoke(test, refresh, input)).rejects.toEqual(reason('TOKEN_INVALID'));
  });

  test('a server that goes away refuses calls', async () => {
    const test = createTestRpc();
    test.state.draining = true;
    await expect(invoke(test, refresh, input)).rejects.toEqual(reason('DRAINING'));
  });
});

describe('what is told of a call', () => {
  const input = { refreshToken: 'x' };

  test('a fault is logged once with its cause, and its request id is all that the client gets', async () => {
    const test = createTestRpc();
    const cause = Object.assign(new Error('boom'), { command: { args: ['secret'] } });
    test.tokens.before = () => {
      throw cause;
    };
    const headers = { 'x-request-id': 'abc' };
    const error = await invoke(test, refresh, input, { headers }).catch((thrown) => thrown);
    expect(error).toEqual(reason('INTERNAL', { request_id: 'abc' }));
    expect(error.message).toBe('internal error');
    expect(test.faults).toMatchObject([{ requestId: 'abc', error: { message: 'boom' } }]);
    expect(JSON.stringify(test.faults)).not.toContain('secret');
  });

  test('an INTERNAL error from within is a fault too', async () => {
    const test = createTestRpc();
    test.tokens.before = () => {
      throw new SignumError('INTERNAL', 'details of no concern to clients');
    };
    const error = await invoke(test, refresh, input).catch((thrown) => thrown);
    expect(error.message).toBe('internal error');
    expect(error.metadata['request_id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(test.faults).toHaveLength(1);
  });

  test('a request id that could forge a log line is replaced', async () => {
    const test = createTestRpc();
    await invoke(test, refresh, input, { headers: { 'x-request-id': 'a b' } }).catch(() => {});
    expect(test.tokens.calls[0]?.call.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('every call is observed, however it ends', async () => {
    const test = createTestRpc();
    await invoke(test, KeyService.method.getJwks, {});
    await invoke(test, refresh, input, { as: 'user' }).catch(() => {});
    await invoke(test, issue, { device }, { as: 'unknown' }).catch(() => {});
    expect(test.observations).toMatchObject([
      { method: 'signum.v1.KeyService/GetJwks', code: 'OK', callerKind: 'anonymous' },
      { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID', callerKind: 'user' },
      { code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_INVALID', callerKind: 'unknown' },
    ]);
  });
});
