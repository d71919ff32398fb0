import { create } from '@bufbuild/protobuf';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { describe, expect, test } from 'vitest';
import { headOf, invoke } from '../../test/listeners/invoke.ts';
import { createTestRpc } from '../../test/listeners/test-rpc.ts';
import { SignumError } from '../domain/errors.ts';
import { accessOf } from '../policy/access.ts';
import { authorisePermission } from '../policy/authorise.ts';
import type { UnaryEndpoint } from './endpoint.ts';

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
    test.pipeline.refuseCalls();
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

describe('a call is let in, or does nothing', () => {
  test('one that nobody has let in does nothing', async () => {
    const test = createTestRpc();
    const message = create(refresh.input, { refreshToken: 'x' });
    const answer = test.rpc.open(refresh, headOf({ as: 'admin' })).run(message);
    await expect(answer).rejects.toEqual(reason('INTERNAL'));
    expect(test.tokens.calls).toEqual([]);
  });

  test('an endpoint that the access table does not know does not start', () => {
    expect(() => accessOf('no/such/endpoint')).toThrow('no line for no/such/endpoint');
  });

  test('who fails is told, with why and as whom', async () => {
    const test = createTestRpc();
    await invoke(test, issue, { device }, { as: 'validator' }).catch(() => {});
    await invoke(test, issue, { device }).catch(() => {});
    expect(test.failures).toMatchObject([
      {
        call: { caller: { name: 'validator' }, peer: '192.0.2.1' },
        error: { reason: 'PERMISSION_DENIED' },
      },
      { call: { caller: { kind: 'anonymous' } }, error: { reason: 'CREDENTIAL_MISSING' } },
    ]);
  });
});

describe('credentials in a message', () => {
  const endpoint: UnaryEndpoint<{ readonly key?: string }, string> = {
    kind: 'unary',
    name: 'signum.v1.TokenService/RevokeTenant',
    access: {
      ...accessOf('signum.v1.TokenService/RevokeTenant'),
      checkMessage: (caller) => authorisePermission(caller, 'revoke'),
    },
    maxBytes: 100_000,
    inputCredentials: ({ key }) =>
      key === undefined ? undefined : { authorization: `Bearer ${key}` },
    handle: async ({ caller }) => (caller.kind === 'service' ? caller.name : caller.kind),
  };
  const forAnybody = { ...endpoint, access: accessOf('signum.v1.KeyService/GetJwks') };
  const ask = async (input: { readonly key?: string }, as?: string) => {
    const call = createTestRpc().pipeline.open(endpoint, headOf({ as }));
    await call.admit();
    return { maxBytes: call.maxBytes, answer: call.run(input) };
  };

  test('say who calls, of whom no more is read than of a stranger', async () => {
    const { maxBytes, answer } = await ask({ key: 'acme' });
    expect([maxBytes, await answer]).toEqual([8_192, 'acme']);
    await expect((await ask({ key: 'unknown' })).answer).rejects.toEqual(
      reason('CREDENTIAL_INVALID'),
    );
    await expect((await ask({})).answer).rejects.toEqual(reason('CREDENTIAL_MISSING'));
    await expect((await ask({ key: 'validator' })).answer).rejects.toEqual(
      reason('PERMISSION_DENIED'),
    );
  });

  test('win over a certificate, as a key in the head does', async () => {
    const peer = { ip: '192.0.2.1', certificateNames: ['DNS:gateway'] };
    const call = createTestRpc().pipeline.open(forAnybody, headOf({ peer }));
    await call.admit();
    expect(await call.run({ key: 'acme' })).toBe('acme');
  });

  test('are refused beside others in the head', async () => {
    const { answer } = await ask({ key: 'acme' }, 'acme');
    await expect(answer).rejects.toEqual(reason('INVALID_FIELD'));
  });
});
