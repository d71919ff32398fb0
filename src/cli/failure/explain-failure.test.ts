import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema } from '@signum/contract/google/rpc/error_details_pb.js';
import { expect, test } from 'vitest';
import { ConfigError } from '../../config/config.ts';
import { invalidField, SignumError } from '../../domain/errors.ts';
import { ADVICE } from './advice.ts';
import { explainFailure } from './explain-failure.ts';

const CONTRACT = new URL('../../../proto/signum/v1/error_reason.proto', import.meta.url);

function rpcError(code: Code, reason: string): ConnectError {
  const value = create(ErrorInfoSchema, { reason, domain: 'signum', metadata: { field: 'x' } });
  return new ConnectError('why', code, undefined, [{ desc: ErrorInfoSchema, value }]);
}

function caused(code: string): Error {
  return new ConnectError('fetch failed', Code.Internal, undefined, undefined, {
    __proto__: Error.prototype,
    message: code,
    code,
  });
}

test.each([
  [Code.InvalidArgument, 'INVALID_FIELD', 2],
  [Code.NotFound, 'SESSION_NOT_FOUND', 1],
  [Code.AlreadyExists, 'SESSION_EXISTS', 1],
  [Code.FailedPrecondition, 'PROOF_REQUIRED', 1],
  [Code.Unauthenticated, 'REFRESH_REUSED', 3],
  [Code.PermissionDenied, 'PERMISSION_DENIED', 3],
  [Code.ResourceExhausted, 'OVERLOADED', 4],
  [Code.Unavailable, 'STORE_UNAVAILABLE', 4],
  [Code.DeadlineExceeded, 'DEADLINE_EXCEEDED', 4],
  [Code.Internal, 'INTERNAL', 5],
])('%i %s of the server ends in exit code %i', (code, reason, exitCode) => {
  expect(explainFailure(rpcError(code, reason))).toEqual({
    reason,
    message: 'why',
    metadata: { field: 'x' },
    exitCode,
    next: ADVICE[reason],
  });
});

test.each([
  ['ECONNREFUSED', 'UNREACHABLE'],
  ['ENOTFOUND', 'UNREACHABLE'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_UNTRUSTED'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_UNTRUSTED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_NAME_MISMATCH'],
  ['CERT_HAS_EXPIRED', 'TLS_FAILED'],
])('%s on the way is %s, and exit code 4', (code, reason) => {
  expect(explainFailure(caused(code))).toMatchObject({ reason, exitCode: 4, next: ADVICE[reason] });
});

test('a name that resolves to several addresses fails with the error of one of them', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1'), { code: 'ECONNREFUSED' });
  const all = new ConnectError(
    'x',
    Code.Unavailable,
    undefined,
    undefined,
    new AggregateError([refused]),
  );
  expect(explainFailure(all)).toMatchObject({ reason: 'UNREACHABLE', message: refused.message });
});

test('an error without details, such as a proxy gives, goes by its code', () => {
  expect(explainFailure(new ConnectError('bad gateway', Code.DeadlineExceeded))).toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
    exitCode: 4,
  });
});

test('a bad option and a bad configuration are misuse, a fault of the command is exit code 5', () => {
  expect(explainFailure(invalidField('--ca', 'x')).exitCode).toBe(2);
  expect(explainFailure(new ConfigError([]))).toMatchObject({
    reason: 'CONFIG_INVALID',
    exitCode: 2,
  });
  expect(explainFailure(new SignumError('STORE_UNAVAILABLE', 'x')).exitCode).toBe(4);
  expect(explainFailure(new TypeError('x')).exitCode).toBe(5);
});

test('every reason that the contract names has its advice', () => {
  const names = [...readFileSync(CONTRACT, 'utf8').matchAll(/^ {2}ERROR_REASON_(\w+) = [1-9]/gm)];
  const reasons = names.map(([, name]) => name ?? '').filter((name) => name !== 'CANCELLED');
  expect(reasons.length).toBeGreaterThan(25);
  expect(reasons.filter((reason) => !ADVICE[reason])).toEqual([]);
});
