import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GRPCURL, goExecutable } from '../setup/go-program.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';

const path = goExecutable(GRPCURL);
const WHY = path ? '' : ` (needs ${GRPCURL.name} ${GRPCURL.version}, built by a Go compiler)`;

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(path === undefined)(`grpcurl, without proto files${WHY}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  /** What it prints, whether it succeeds or not. */
  function grpcurl(data: object | undefined, ...rest: string[]): Promise<Output> {
    const credential = ['-H', `authorization: Bearer ${server.adminKey}`];
    const message = data === undefined ? [] : ['-d', JSON.stringify(data)];
    const args = ['-cacert', server.certificates.caFile, ...credential, ...message];
    return new Promise((resolve) => {
      execFile(path ?? '', [...args, server.grpcAddress, ...rest], (_error, stdout, stderr) =>
        resolve({ stdout, stderr }),
      );
    });
  }

  test('lists the services, health included', async () => {
    const { stdout } = await grpcurl(undefined, 'list');
    expect(stdout).toContain('signum.v1.TokenService');
    expect(stdout).toContain('grpc.health.v1.Health');
  });

  test('describes every type of an error detail', async () => {
    for (const type of ['ErrorInfo', 'RetryInfo', 'BadRequest']) {
      const { stdout } = await grpcurl(undefined, 'describe', `google.rpc.${type}`);
      expect(stdout).toContain(`message ${type}`);
    }
  });

  test('asks for health', async () => {
    const { stdout } = await grpcurl({}, 'grpc.health.v1.Health/Check');
    expect(JSON.parse(stdout)).toEqual({ status: 'SERVING' });
  });

  test('shows the details of an error in words', async () => {
    const { stderr } = await grpcurl({}, 'signum.v1.TokenService/Issue');
    expect(stderr).toContain('InvalidArgument');
    expect(stderr).toContain('"reason": "INVALID_FIELD"');
    expect(stderr).toContain('"field": "device"');
    expect(stderr).toContain('fieldViolations');
    expect(stderr).not.toContain('"value":');
  });

  test('shows the details of an item’s error in words', async () => {
    const items = [{ ids: {} }];
    const { stdout } = await grpcurl({ items }, 'signum.v1.TokenService/BatchValidate');
    expect(stdout).toContain('type.googleapis.com/google.rpc.ErrorInfo');
    expect(stdout).toContain('"reason": "INVALID_FIELD"');
  });
});
