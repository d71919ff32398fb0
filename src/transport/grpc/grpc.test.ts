import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type Client, type ServiceError, status } from '@grpc/grpc-js';
import { ErrorInfoSchema } from '@signum/contract/google/rpc/error_details_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Asked,
  type CannedRpc,
  createCannedRpc,
  filled,
} from '../../../test/listeners/canned-rpc.ts';
import {
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { grpcClient, statusOf, unary } from '../../../test/listeners/grpc-client.ts';
import { checkHealth, watchHealth } from '../../../test/listeners/health-client.ts';
import { CODE_OF } from '../../domain/errors.ts';
import { pathOf, unaryMethods } from '../../rpc/rpc.ts';
import { openTlsFiles, type TlsSource } from '../tls/files.ts';
import { type GrpcListener, startGrpc } from './grpc.ts';

const REFRESH = '/signum.v1.TokenService/Refresh';
const METHODS = unaryMethods(createCannedRpc());

let certificates: TestCertificates;
let tls: TlsSource;
let rpc: CannedRpc;
let listener: GrpcListener;
let client: Client;

beforeAll(async () => {
  certificates = await createTestCertificates();
  const log = { info: () => {}, warn: () => {} };
  tls = await openTlsFiles({ files: certificates.files, log });
});

beforeEach(async () => {
  rpc = createCannedRpc();
  listener = await startGrpc({ rpc, tls, host: '127.0.0.1', port: 0 });
  client = grpcClient({ port: listener.address.port, ca: certificates.ca });
});

afterEach(async () => {
  client.close();
  await listener.close();
});

afterAll(() => {
  tls.close();
  certificates.remove();
});

const failure = (answer: Promise<unknown>): Promise<ServiceError> =>
  answer.then(
    () => Promise.reject(new Error('expected a failure')),
    (error) => error,
  );

test.each(METHODS.map((method) => [method.name, method] as const))(
  '%s takes its request and gives its answer',
  async (_name, method) => {
    const body = toBinary(method.input, filled(method.input));
    const { answer } = unary(client, pathOf(method), body, { authorization: 'Bearer abc' });
    expect(fromBinary(method.output, await answer)).toEqual(filled(method.output));
    expect(rpc.seen).toMatchObject([{ method: method.name, authorization: 'Bearer abc' }]);
  },
);

test.each(Object.entries(CODE_OF))(
  'the error %s has code %s and its details',
  async (reason, name) => {
    const code = status[name];
    const { answer } = unary(client, REFRESH, new Uint8Array(), { 'x-reason': reason });
    const error = await failure(answer);
    expect([error.code, error.details]).toEqual([code, 'what went wrong: 100 % ü']);
    const { code: inDetails, details } = statusOf(error);
    expect(inDetails).toBe(code);
    const [info] = details.map((any) => anyUnpack(any, ErrorInfoSchema));
    expect(info).toMatchObject({ reason, domain: 'signum', metadata: { field: 'a.b' } });
  },
);

describe('limits', () => {
  test('a request that is too long is refused, a batch of that length is not', async () => {
    const token = { subject: { case: 'token', value: 'x'.repeat(70_000) } } as const;
    const { validate, batchValidate } = TokenService.method;
    const single = toBinary(validate.input, create(validate.input, token));
    const error = await failure(unary(client, pathOf(validate), single).answer);
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    const [info] = statusOf(error).details.map((any) => anyUnpack(any, ErrorInfoSchema));
    expect(info).toMatchObject({ reason: 'MESSAGE_TOO_LARGE', metadata: { max_bytes: '65536' } });
    const batch = toBinary(batchValidate.input, create(batchValidate.input, { items: [token] }));
    await expect(unary(client, pathOf(batchValidate), batch).answer).resolves.toBeDefined();
  });

  test('a request that is no message is refused with its reason', async () => {
    const error = await failure(unary(client, REFRESH, Buffer.from('\xff')).answer);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    const [info] = statusOf(error).details.map((any) => anyUnpack(any, ErrorInfoSchema));
    expect(info?.reason).toBe('INVALID_FIELD');
  });

  test('the client’s deadline reaches the pipeline', async () => {
    const timeouts: (number | undefined)[] = [];
    rpc.before = ({ timeoutMs }) => {
      timeouts.push(timeoutMs);
    };
    const deadline = Date.now() + 5_000;
    await unary(client, REFRESH, new Uint8Array(), {}, { deadline }).answer;
    await unary(client, REFRESH, new Uint8Array()).answer;
    expect(timeouts[0]).toBeGreaterThan(0);
    expect(timeouts[0]).toBeLessThanOrEqual(5_000);
    expect(timeouts[1]).toBeUndefined();
  });

  test('a client that cancels ends its call', async () => {
    const signal = Promise.withResolvers<Asked['signal']>();
    rpc.before = (request) => {
      signal.resolve(request.signal);
      return new Promise(() => {});
    };
    const { answer, call } = unary(client, REFRESH, new Uint8Array());
    const failed = failure(answer);
    const received = await signal.promise;
    call.cancel();
    await expect.poll(() => received?.aborted).toBe(true);
    expect((await failed).code).toBe(status.CANCELLED);
  });

  test('an unknown method is UNIMPLEMENTED', async () => {
    const path = '/signum.v1.TokenService/Nothing';
    expect((await failure(unary(client, path, new Uint8Array()).answer)).code).toBe(12);
  });
});

describe('health', () => {
  test('the server and every service serve once they are said to', async () => {
    for (const name of ['', 'signum.v1.TokenService', 'signum.v1.KeyService']) {
      expect(await checkHealth(client, name)).toBe('NOT_SERVING');
    }
    listener.setServing(true);
    for (const name of ['', 'signum.v1.TokenService', 'signum.v1.CallerService']) {
      expect(await checkHealth(client, name)).toBe('SERVING');
    }
    const error = await failure(checkHealth(client, 'other.Service'));
    expect(error.code).toBe(status.NOT_FOUND);
  });

  test('a watcher is told of the drain, and does not hold it up', async () => {
    listener.setServing(true);
    const seen: string[] = [];
    watchHealth(client, '', (serving) => seen.push(serving));
    await expect.poll(() => seen).toEqual(['SERVING']);
    await listener.drain();
    expect(seen).toEqual(['SERVING', 'NOT_SERVING']);
  });
});

describe.each(['grpc-v1', 'grpc-v1alpha'])('a stock client with reflection %s', (reflection) => {
  const curl = async (...args: string[]) => {
    const { port } = listener.address;
    const clientCaFile = certificates.files.clientCaFile;
    const common = [
      '--cacert',
      clientCaFile,
      '--protocol',
      'grpc',
      '--reflect-protocol',
      reflection,
    ];
    const url = `https://localhost:${port}`;
    const all = ['curl', ...common, ...args.map((arg) => arg.replace('URL', url))];
    return (await promisify(execFile)('node_modules/.bin/buf', all)).stdout;
  };

  test('lists the services', async () => {
    expect((await curl('--list-services', 'URL')).trim().split('\n').toSorted()).toEqual([
      'grpc.health.v1.Health',
      'signum.v1.CallerService',
      'signum.v1.KeyService',
      'signum.v1.TokenService',
    ]);
  });

  test('calls without proto files', async () => {
    const data = JSON.stringify({ token: 'abc', minRevision: '7' });
    const stdout = await curl('--data', data, 'URL/signum.v1.TokenService/Validate');
    expect(JSON.parse(stdout)).toMatchObject({ active: true, verdict: 'VERDICT_ACTIVE' });
    expect(rpc.seen).toMatchObject([{ message: { token: 'abc', minRevision: '7' } }]);
  });
});

test('calls under way are answered while the listener drains', async () => {
  const release = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  rpc.before = () => {
    begun.resolve();
    return release.promise;
  };
  const { answer } = unary(client, REFRESH, new Uint8Array());
  await begun.promise;
  const drained = listener.drain();
  release.resolve();
  await expect(answer).resolves.toBeDefined();
  await drained;
  const late = failure(unary(client, REFRESH, new Uint8Array()).answer);
  expect((await late).code).toBe(status.UNAVAILABLE);
});
