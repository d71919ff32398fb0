import { create, type DescMethod, toBinary } from '@bufbuild/protobuf';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quickWriterOf } from './message-codec.ts';

const { validate, batchValidate, validateStream } = TokenService.method;

/** UTF-16 as it comes, halves of pairs included. */
const unit = fc
  .oneof(fc.nat({ max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe00f }))
  .map((code) => String.fromCharCode(code));

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.string({ unit, maxLength: 30 }),
  fc.string({ minLength: 100, maxLength: 300 }),
);
const texts = fc.array(text, { maxLength: 4 });
const ref = fc.record({ tenantId: text, userId: text, deviceId: text, tokenId: text });
const uint64 = fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** 64n - 1n));
const time = fc.option(
  fc.record({ seconds: fc.bigInt(-10n, 2n ** 40n), nanos: fc.constantFrom(0, 5_000_000, -1) }),
  { nil: undefined },
);

const response = fc.record({
  active: fc.boolean(),
  verdict: fc.integer({ min: 0, max: 12 }),
  revocationReason: fc.integer({ min: 0, max: 300 }),
  source: fc.integer({ min: -1, max: 3 }),
  token: fc.option(ref, { nil: undefined }),
  sessionId: text,
  scopes: texts,
  issueTime: time,
  expireTime: time,
  revision: uint64,
  audiences: texts,
  clientId: text,
  authTime: time,
  acr: text,
  amr: texts,
  claims: fc.constantFrom(undefined, {}, { plan: 'gold' }),
});

const status = fc.record({ code: fc.nat({ max: 16 }), message: text });

const result = fc.record({
  result: fc.oneof(
    { weight: 4, arbitrary: response.map((value) => ({ case: 'response' as const, value })) },
    status.map((value) => ({ case: 'error' as const, value })),
    fc.constant({ case: undefined }),
  ),
});

const results = fc.record({ results: fc.array(result, { maxLength: 12 }) });

/** A field that no message has. */
const UNKNOWN = { no: 31, wireType: 0, data: Uint8Array.of(7) };

describe.each<[string, DescMethod, fc.Arbitrary<unknown>]>([
  ['Validate', validate, response],
  ['BatchValidate', batchValidate, results],
  ['ValidateStream', validateStream, results],
])('of %s', (_name, method, outputs) => {
  const write = quickWriterOf(method.output) ?? (() => undefined);

  test('answers are written as protobuf-es writes them', () => {
    let written = 0;
    fc.assert(
      fc.property(outputs, (init) => {
        const message = create(method.output, init as never);
        const bytes = write(message);
        if (bytes === undefined) return;
        written += 1;
        expectSameBytes(bytes, toBinary(method.output, message));
      }),
      { numRuns: 1_000 },
    );
    expect(written).toBeGreaterThan(0);
  });

  test('an answer with a field that is not known is left to protobuf-es', () => {
    const message = create(method.output);
    message.$unknown = [UNKNOWN];
    expect(write(message)).toBeUndefined();
  });

  test('what was written stays as it is when others are written', () => {
    const written = fc.sample(outputs, 50).map((init) => {
      const message = create(method.output, init as never);
      return { bytes: write(message), expected: toBinary(method.output, message) };
    });
    for (const { bytes, expected } of written) {
      if (bytes !== undefined) expectSameBytes(bytes, expected);
    }
  });
});

function expectSameBytes(bytes: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
}
