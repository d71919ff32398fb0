import { create, toBinary } from '@bufbuild/protobuf';
import { CheckResponseSchema } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeCheck } from '../../gateway/envoy.ts';
import { quickWriterOf } from './message-codec.ts';
import { CHECK_ANSWER_FIELDS, knowsCheckAnswer } from './write-check.ts';

const write = quickWriterOf(CheckResponseSchema) ?? (() => undefined);

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.string({ minLength: 120, maxLength: 300 }),
);
/** Of the usual form, mostly. */
const rarely = <T>(usual: T, other: T) =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, fc.constant(other));
const header = fc.record({
  header: fc.option(
    fc.record({
      key: text,
      value: text,
      rawValue: rarely(new Uint8Array(), Uint8Array.of(7)),
    }),
    { nil: undefined },
  ),
  append: rarely<boolean | undefined>(undefined, true),
  keepEmptyValue: rarely(false, true),
});
const headers = fc.array(header, { maxLength: 4 });
const ok = fc.record({
  headers,
  headersToRemove: fc.array(text, { maxLength: 3 }),
  responseHeadersToAdd: fc.array(header, { maxLength: 1, size: '-1' }),
});
const denied = fc.record({
  status: fc.option(fc.record({ code: fc.constantFrom(0, 401, 403) }), { nil: undefined }),
  headers,
  body: text,
});
const answers = fc.record({
  status: fc.option(fc.record({ code: fc.integer({ min: -1, max: 16 }), message: text }), {
    nil: undefined,
  }),
  httpResponse: fc.oneof(
    ok.map((value) => ({ case: 'okResponse' as const, value })),
    denied.map((value) => ({ case: 'deniedResponse' as const, value })),
    fc.constant({ case: undefined }),
  ),
  dynamicMetadata: fc.option(
    fc.dictionary(text, fc.oneof({ weight: 20, arbitrary: text }, fc.constantFrom(1, null, {}))),
    { nil: undefined },
  ),
});

test('answers are written as protobuf-es writes them', () => {
  let written = 0;
  const property = fc.property(answers, (init) => {
    const answer = create(CheckResponseSchema, init as never);
    const bytes = write(answer);
    if (bytes === undefined) return;
    written += 1;
    expect(Buffer.from(bytes)).toEqual(Buffer.from(toBinary(CheckResponseSchema, answer)));
  });
  fc.assert(property, { numRuns: 2_000 });
  expect(written).toBeGreaterThan(200);
});

test('what Signum answers is of the usual form', () => {
  const identity = {
    'x-signum-tenant': 'acme',
    'x-signum-user': '%C3%A4da',
    'x-signum-device': 'phone',
    'x-signum-session': '018f6b1c-7b0a-7c3e-9a55-5d1e0f2b3c4d',
    'x-signum-token-id': '018f6b1c-7b0a-7c3e-9a55-5d1e0f2b3c4e',
    'x-signum-scope': '',
    'x-signum-expires': '1790000000',
  };
  for (const answer of [
    writeCheck({ status: 200, identity }),
    writeCheck({ status: 401, challenge: 'Bearer', nonce: 'x'.repeat(200) }),
    writeCheck({ status: 403, challenge: 'Bearer error="insufficient_scope"' }),
  ]) {
    const bytes = Buffer.from(toBinary(CheckResponseSchema, answer));
    expect(write(answer)).toEqual(bytes);
  }
});

test('answers with a field that nobody knows are left to protobuf-es', () => {
  const unknown = [{ no: 31, wireType: 0, data: Uint8Array.of(7) }];
  const answer = writeCheck({ status: 401, challenge: 'Bearer' });
  expect(write({ ...answer, $unknown: unknown } as never)).toBeUndefined();
});

test('answers are written by hand as long as the contract has no field that is not known', () => {
  expect(knowsCheckAnswer()).toBe(true);
  const type = 'envoy.service.auth.v3.OkHttpResponse';
  const { headers_to_remove: _, ...others } = CHECK_ANSWER_FIELDS[type];
  expect(knowsCheckAnswer({ ...CHECK_ANSWER_FIELDS, [type]: others })).toBe(false);
  const moved = { ...others, headers_to_remove: 7 };
  expect(knowsCheckAnswer({ ...CHECK_ANSWER_FIELDS, [type]: moved })).toBe(false);
});
