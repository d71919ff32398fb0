import { readFileSync } from 'node:fs';
import { anyUnpack } from '@bufbuild/protobuf/wkt';

import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '@signum/contract/google/rpc/error_details_pb.js';
import { ErrorReason } from '@signum/contract/signum/v1/error_reason_pb.js';
import { expect, test } from 'vitest';
import { CODE_OF, invalidField, type Reason, SignumError } from '../domain/errors.ts';
import { DEFAULT_RETRY_AFTER_MS, toStatus, toStatusMessage } from './status.ts';

interface Documented {
  readonly reason: Reason;
  readonly code: string;
  readonly withRetryInfo: boolean;
}

function documentedReasons(): Documented[] {
  const proto = new URL('../../proto/signum/v1/error_reason.proto', import.meta.url);
  const value = /((?: *\/\/.*\n)+) *ERROR_REASON_(\w+) = \d+;/g;
  return [...readFileSync(proto, 'utf8').matchAll(value)]
    .filter(([, , reason]) => reason !== 'UNSPECIFIED')
    .map(([, comment = '', reason]) => {
      const text = comment.replaceAll(/^ *\/\/ ?/gm, '').replaceAll('\n', ' ');
      const [, code = '', retry] = /^([A-Z_]+)(, with RetryInfo)?\./.exec(text) ?? [];
      return { reason: reason as Reason, code, withRetryInfo: retry !== undefined };
    });
}

test('the contract documents every reason, and no other', () => {
  const documented = documentedReasons().map(({ reason }) => reason);
  const generated = Object.keys(ErrorReason).filter((name) => !/^\d+$|^UNSPECIFIED$/.test(name));
  expect(documented.toSorted()).toEqual(Object.keys(CODE_OF).toSorted());
  expect(generated.toSorted()).toEqual(Object.keys(CODE_OF).toSorted());
});

test.each(documentedReasons())('$reason has its documented code $code', (documented) => {
  const { reason, code, withRetryInfo } = documented;
  expect(CODE_OF[reason]).toBe(code);
  expect(DEFAULT_RETRY_AFTER_MS[reason] !== undefined).toBe(withRetryInfo);
});

test('an error carries its reason, domain and metadata, and never its cause', () => {
  const error = new SignumError('SESSION_REVOKED', 'the session was ended', {
    metadata: { revocation_reason: 'ADMIN' },
    cause: new Error('secret'),
  });
  const status = toStatus(error);
  expect(status.details).toHaveLength(1);
  expect(status.details[0]?.value).toMatchObject({
    reason: 'SESSION_REVOKED',
    domain: 'signum',
    metadata: { revocation_reason: 'ADMIN' },
  });
  expect(status.details[0]?.value).not.toHaveProperty('cause');
});

test('a broken field is named in a google.rpc.BadRequest too', () => {
  const { details } = toStatusMessage(invalidField('ids.user_id', 'must be shorter'));
  const request = details.map((any) => anyUnpack(any, BadRequestSchema)).find(Boolean);
  expect(request?.fieldViolations).toMatchObject([
    { field: 'ids.user_id', description: 'must be shorter' },
  ]);
  expect(details.map((any) => anyUnpack(any, ErrorInfoSchema)).find(Boolean)?.metadata).toEqual({
    field: 'ids.user_id',
    rule: 'must be shorter',
  });
});

test('an error knows better than the default when to try again', () => {
  const error = new SignumError('OVERLOADED', 'busy', { retryAfterMs: 1_500 });
  const retry = toStatus(error).details.find(({ desc }) => desc === RetryInfoSchema);
  expect(retry?.value).toMatchObject({ retryDelay: { seconds: 1n, nanos: 500_000_000 } });
});
