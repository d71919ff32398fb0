import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { ErrorInfoSchema, RetryInfoSchema } from '@signum/contract/google/rpc/error_details_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { createTestRpc, type TestRpc } from '../../../test/listeners/test-rpc.ts';
import type { Rpc } from '../../rpc/rpc.ts';
import { startGrpc } from '../grpc/grpc.ts';
import type { Listener } from '../listener.ts';
import { openTlsFiles, type TlsSource } from '../tls/files.ts';
import { startPublic } from './public.ts';

const CLIENTS = [
  'Connect over HTTP/1.1',
  'Connect over HTTP/2',
  'Connect with JSON',
  'Connect with GET',
  'gRPC-web over HTTP/1.1',
  'gRPC-web over HTTP/2',
  'gRPC on the public listener',
  'gRPC on the gRPC listener',
] as const;

let certificates: TestCertificates;
let tls: TlsSource;
let service: TestRpc;
let open: Listener;
let grpc: Listener;

beforeAll(async () => {
  certificates = await createTestCertificates();
  const log = { info: () => {}, warn: () => {} };
  tls = await openTlsFiles({ files: certificates.files, log });
  service = createTestRpc({ maxInflight: 1 });
  // Both listeners outlive the service of one test.
  const rpc: Rpc = {
    ...service.rpc,
    open: (method, head) => service.rpc.open(method, head),
  };
  const options = { rpc, tls, host: '127.0.0.1', port: 0 };
  open = await startPublic({ ...options, log });
  grpc = await startGrpc(options);
});

beforeEach(() => {
  service = createTestRpc();
});

afterAll(async () => {
  await Promise.all([open.close(), grpc.close()]);
  tls.close();
  certificates.remove();
});

function transportOf(name: (typeof CLIENTS)[number]): Transport {
  const nodeOptions = { ca: certificates.ca };
  const baseUrl = `https://localhost:${open.address.port}`;
  const version = name.includes('1.1')
    ? ({ httpVersion: '1.1' } as const)
    : ({ httpVersion: '2' } as const);
  const common = { baseUrl, nodeOptions, ...version };
  switch (name) {
    case 'Connect with JSON':
      return createConnectTransport({ ...common, useBinaryFormat: false });
    case 'Connect with GET':
      return createConnectTransport({ ...common, useHttpGet: true });
    case 'gRPC-web over HTTP/1.1':
    case 'gRPC-web over HTTP/2':
      return createGrpcWebTransport(common);
    case 'gRPC on the public listener':
      return createGrpcTransport({ baseUrl, nodeOptions });
    case 'gRPC on the gRPC listener':
      return createGrpcTransport({
        nodeOptions,
        baseUrl: `https://localhost:${grpc.address.port}`,
      });
    default:
      return createConnectTransport(common);
  }
}

describe.each(CLIENTS)('%s', (name) => {
  const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone:{1}*' };
  const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
  const failure = (answer: Promise<unknown>): Promise<ConnectError> =>
    answer.then(
      () => Promise.reject(new Error('expected a failure')),
      (error) => ConnectError.from(error),
    );

  test('a session lives from Issue to Revoke', async () => {
    const client = createClient(TokenService, transportOf(name));
    const claims = { plan: 'pro' };
    const issued = await client.issue({ device, scopes: ['read'], claims }, as('acme'));
    const token = issued.tokens?.accessToken ?? '';
    const valid = await client.validate({ subject: { case: 'token', value: token } }, as('acme'));
    expect(valid).toMatchObject({ active: true, claims, token: device });

    const refreshToken = issued.tokens?.refreshToken ?? '';
    const refreshed = await client.refresh({ refreshToken });
    expect(refreshed.tokens?.sessionId).toBe(issued.tokens?.sessionId);
    const { session } = await client.getSession({ device }, as('user'));
    expect(session?.generation).toBe(1);

    const value = refreshed.tokens?.refreshToken ?? '';
    const revoked = await client.revoke({ subject: { case: 'token', value } });
    expect(revoked.revokedCount).toBe(1);
    const { totalSize } = await client.listSessions({ tenantId: 'acme', userId: 'u1' }, as('user'));
    expect(totalSize).toBe(0);
  });

  test('an error arrives with its code, reason and metadata', async () => {
    const client = createClient(TokenService, transportOf(name));
    const error = await failure(client.getSession({ device }, as('validator')));
    expect(error.code).toBe(Code.PermissionDenied);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: 'PERMISSION_DENIED', domain: 'signum', metadata: { permission: 'list' } },
    ]);
  });

  test('a server that goes away says when to try again', async () => {
    service.pipeline.refuseCalls();
    const error = await failure(createClient(KeyService, transportOf(name)).getJwks({}));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  });

  test('a call is answered by its deadline', async () => {
    const client = createClient(TokenService, transportOf(name));
    // With a connection at hand, what the deadline cuts off is the answer, not the question.
    await client.validate({ subject: { case: 'token', value: 'x' } }, as('acme'));
    service.observations.length = 0;
    service.tokens.before = () => new Promise(() => {});
    const error = await failure(client.refresh({ refreshToken: 'x' }, { timeoutMs: 500 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    // The client hangs up at its deadline; whichever of the two the server notices first.
    await expect.poll(() => service.observations.length).toBe(1);
    expect(service.observations[0]?.reason).toMatch(/^(DEADLINE_EXCEEDED|CANCELLED)$/);
  });

  test('a call that its client cancels is over', async () => {
    const begun = Promise.withResolvers<void>();
    service.tokens.before = () => {
      begun.resolve();
      return new Promise(() => {});
    };
    const cancel = new AbortController();
    const client = createClient(TokenService, transportOf(name));
    const answer = failure(client.refresh({ refreshToken: 'x' }, { signal: cancel.signal }));
    await begun.promise;
    cancel.abort();
    expect((await answer).code).toBe(Code.Canceled);
    await expect.poll(() => service.observations).toMatchObject([{ reason: 'CANCELLED' }]);
  });
});
