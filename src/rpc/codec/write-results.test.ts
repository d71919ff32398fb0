import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  BatchValidateResponseSchema,
  type BatchValidateResultSchema,
  TokenService,
  ValidateResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { quickWriterOf } from './quick-writer.ts';

type Response = MessageInitShape<typeof ValidateResponseSchema>;
type Result = MessageInitShape<typeof BatchValidateResultSchema>;

const writeOne = quickWriterOf(TokenService.method.validate);
const writeBatch = quickWriterOf(TokenService.method.batchValidate);

const $unknown = [{ no: 31, wireType: 0, data: Uint8Array.of(7) }];
const unknown = Object.assign(create(ValidateResponseSchema, { sessionId: 'strange' }), {
  $unknown,
});

/** Responses that are not plain. */
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
  expect(writeOne(create(ValidateResponseSchema, response))).toBeUndefined();
});

test.each(STRANGE)('a result with %s is written in its place', (_what, response) => {
  const plain = result({ sessionId: 'plain' });
  expectSameBytes([result(response)]);
  expectSameBytes([plain, result(response), result(response), plain]);
});

test('errors, and results of no kind, are written in their places', () => {
  const plain = result({ sessionId: 'plain' });
  const error: Result = { result: { case: 'error', value: { code: 7, message: 'no' } } };
  const [strange] = create(BatchValidateResponseSchema, { results: [plain] }).results;
  expectSameBytes([plain, error, plain, {}, Object.assign({ ...strange }, { $unknown }) as Result]);
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
