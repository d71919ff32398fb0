import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  BatchValidateResponseSchema,
  type BatchValidateResultSchema,
  TokenService,
  ValidateResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickWriterOf, writerOf } from './message-codec.ts';
import { knowsValidation, WRITTEN } from './write-validation.ts';

type Response = MessageInitShape<typeof ValidateResponseSchema>;
type Result = MessageInitShape<typeof BatchValidateResultSchema>;

const writeOne = quickWriterOf(ValidateResponseSchema);
const writeBatch = writerOf(TokenService.method.batchValidate);

const $unknown = [{ no: 31, wireType: 0, data: Uint8Array.of(7) }];
const unknown = Object.assign(create(ValidateResponseSchema, { sessionId: 'strange' }), {
  $unknown,
});

/** Responses that are not of the usual form. */
const STRANGE: readonly [string, Response][] = [
  ['a text that is too long', { sessionId: 'x'.repeat(20_000) }],
  ['a text that is too long once it is UTF-8', { sessionId: 'ß'.repeat(1_025) }],
  ['too many short texts', { scopes: Array.from({ length: 400 }, () => 'read') }],
  ['a last text that is too long', { audiences: Array.from({ length: 63 }, () => 'x'.repeat(31)) }],
  ['custom claims', { claims: { plan: 'gold' } }],
  ['a field that is not known', unknown],
  ['a time before 1970', { issueTime: { seconds: -1n } }],
];

test.each(STRANGE)('an answer with %s is left to protobuf-es', (_what, response) => {
  expect(writeOne?.(create(ValidateResponseSchema, response))).toBeUndefined();
});

test.each(STRANGE)('a result with %s is written in its place', (_what, response) => {
  const usual = result({ sessionId: 'usual' });
  expectSameBytes([result(response)]);
  expectSameBytes([usual, result(response), result(response), usual]);
});

test('errors, and results of no kind, are written in their places', () => {
  const usual = result({ sessionId: 'usual' });
  const error: Result = { result: { case: 'error', value: { code: 7, message: 'no' } } };
  const [strange] = create(BatchValidateResponseSchema, { results: [usual] }).results;
  expectSameBytes([usual, error, usual, {}, Object.assign({ ...strange }, { $unknown }) as Result]);
});

test('a usual answer is written by hand', () => {
  const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
  const tokenId = '0192f0c4-7b7e-7000-8000-000000000000';
  const time = { seconds: 1_700_000_000n, nanos: 123_000_000 };
  const answer = create(ValidateResponseSchema, {
    ...{ active: true, verdict: 1, source: 2, token: { ...device, tokenId }, sessionId: tokenId },
    ...{ scopes: ['read', 'write'], issueTime: time, expireTime: time, revision: 12_345n },
    ...{ audiences: ['https://api.example'], claims: {}, clientId: 'web' },
    ...{ authTime: time, acr: 'urn:example:gold', amr: ['pwd', 'otp'] },
  });
  expect(writeOne?.(answer)).toEqual(Buffer.from(toBinary(ValidateResponseSchema, answer)));
});

test('results are written however many there are', () => {
  expectSameBytes([]);
  const length = 256;
  expectSameBytes(Array.from({ length }, (_, i) => result({ sessionId: `${i}`.repeat(i) })));
});

function result(value: Response): Result {
  return { result: { case: 'response', value } };
}

function expectSameBytes(results: Result[]): void {
  const message = create(BatchValidateResponseSchema, { results });
  const expected = Buffer.from(toBinary(BatchValidateResponseSchema, message));
  expect(writeBatch(message)).toEqual(expected);
}

test('answers are written by hand as long as the contract has no field that is not known', () => {
  expect(knowsValidation()).toBe(true);
  const { claims: _, ...others } = WRITTEN['signum.v1.ValidateResponse'];
  expect(knowsValidation({ ...WRITTEN, 'signum.v1.ValidateResponse': others })).toBe(false);
  const moved = { ...others, claims: 13 };
  expect(knowsValidation({ ...WRITTEN, 'signum.v1.ValidateResponse': moved })).toBe(false);
  const more = { ...WRITTEN['signum.v1.TokenRef'], key_id: 5 };
  expect(knowsValidation({ ...WRITTEN, 'signum.v1.TokenRef': more })).toBe(false);
});
