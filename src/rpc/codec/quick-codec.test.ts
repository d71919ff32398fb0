import { create, type DescMethod, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quickCodecOf } from './quick-codec.ts';

const { issue, refresh, revoke, validate, batchValidate, validateStream } = TokenService.method;

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

const request = fc.record({
  subject: fc.oneof(
    fc.record({ case: fc.constant('token' as const), value: text }),
    fc.record({ case: fc.constant('ids' as const), value: ref }),
    fc.constant({ case: undefined }),
  ),
  requiredScopes: texts,
  audience: text,
  minRevision: fc.oneof({ weight: 9, arbitrary: fc.constant(0n) }, uint64),
});

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

const items = fc.record({ items: fc.array(request, { maxLength: 6 }) });
const results = fc.record({ results: fc.array(result, { maxLength: 12 }) });

const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 19, arbitrary: usual }, { weight: 1, arbitrary: other });
const wellFormed = fc.string({ unit: 'grapheme', maxLength: 20 });
const mostlyPlain = mostly(wellFormed, text);
const mostlyPlainTexts = fc.array(mostlyPlain, { maxLength: 4 });
const lifetime = fc.option(
  fc.record({
    seconds: mostly(fc.bigInt(0n, 2n ** 28n), fc.bigInt(-(2n ** 40n), 2n ** 40n)),
    nanos: mostly(fc.constant(0), fc.integer({ min: -1, max: 1 })),
  }),
  { nil: undefined },
);

const issueRequest = fc.record({
  device: fc.option(
    fc.record({ tenantId: mostlyPlain, userId: mostlyPlain, deviceId: mostlyPlain }),
    { nil: undefined },
  ),
  scopes: mostlyPlainTexts,
  audiences: mostlyPlainTexts,
  claims: mostly<object | undefined>(fc.constant(undefined), fc.constant({ plan: 'gold' })),
  metadata: fc.option(
    fc.record({
      ip: mostlyPlain,
      userAgent: mostlyPlain,
      label: mostlyPlain,
      attributes: mostly(fc.constant({}), fc.dictionary(fc.string(), fc.string())),
    }),
    { nil: undefined },
  ),
  accessLifetime: lifetime,
  refreshLifetime: lifetime,
  sessionLifetime: lifetime,
  policy: mostly(fc.nat({ max: 300 }), fc.constant(-1)),
  requestId: mostlyPlain,
  proof: text,
});

const refreshRequest = fc.record({ refreshToken: text });

const tokens = fc.option(
  fc.record({
    accessToken: fc.oneof(text, fc.string({ minLength: 500, maxLength: 6_000 })),
    refreshToken: fc.oneof(text, fc.string({ minLength: 500, maxLength: 6_000 })),
    tokenId: text,
    sessionId: text,
    accessExpireTime: time,
    refreshExpireTime: time,
    expiresIn: time,
  }),
  { nil: undefined },
);
const issueResponse = fc.record({ tokens, supersededSessionId: text, revision: uint64 });
const durability = fc.option(fc.record({ replicas: fc.nat({ max: 20 }), fsync: fc.boolean() }), {
  nil: undefined,
});
const revokeRequest = fc.record({
  subject: fc.oneof(
    { weight: 4, arbitrary: fc.record({ case: fc.constant('token' as const), value: text }) },
    fc.record({ case: fc.constant('ids' as const), value: ref }),
    fc.constant({ case: undefined }),
  ),
  reason: mostly(fc.nat({ max: 6 }), fc.integer()),
  durability: mostly(fc.constant(undefined), durability),
});
const revokeResponse = fc.record({
  revokedCount: fc.nat({ max: 300 }),
  revision: uint64,
  durability,
});
const refreshResponse = fc.record({ tokens, replayed: fc.boolean(), revision: uint64 });

/** A field that no message has. */
const UNKNOWN = { no: 31, wireType: 0, data: Uint8Array.of(7) };

describe.each<[string, DescMethod, fc.Arbitrary<unknown>, fc.Arbitrary<unknown>]>([
  ['Issue', issue, issueRequest, issueResponse],
  ['Refresh', refresh, refreshRequest, refreshResponse],
  ['Revoke', revoke, revokeRequest, revokeResponse],
  ['Validate', validate, request, response],
  ['BatchValidate', batchValidate, items, results],
  ['ValidateStream', validateStream, items, results],
])('of %s', (_name, method, inputs, outputs) => {
  const codec = quickCodecOf(method);
  const inputBytes = inputs.map((init) =>
    toBinary(method.input, create(method.input, init as never)),
  );

  /** What is read is what protobuf-es reads: where that refuses, nothing is. */
  function expectSameReading(bytes: Uint8Array): void {
    const read = codec.read(bytes);
    if (read !== undefined) expect(read).toStrictEqual(reference(method, bytes));
  }

  test('requests are read as protobuf-es reads them', () => {
    let read = 0;
    fc.assert(
      fc.property(inputBytes, (bytes) => {
        expectSameReading(bytes);
        if (codec.read(bytes) !== undefined) read += 1;
      }),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(0);
  });

  test('bytes that are cut off, changed or joined are read as protobuf-es reads them, or not at all', () => {
    fc.assert(
      fc.property(
        inputBytes,
        inputBytes,
        fc.nat(),
        fc.nat({ max: 255 }),
        (one, other, at, value) => {
          expectSameReading(one.subarray(0, at % (one.length + 1)));
          expectSameReading(Buffer.concat([one, other]));
          if (one.length === 0) return;
          const changed = Uint8Array.from(one);
          changed[at % one.length] = value;
          expectSameReading(changed);
          const before = one.subarray(0, at % one.length);
          const after = one.subarray(at % one.length);
          expectSameReading(Buffer.concat([before, Uint8Array.of(value), after]));
          expectSameReading(Buffer.concat([before, after.subarray(1)]));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('bytes that are anything are read as protobuf-es reads them, or not at all', () => {
    const byte = fc.oneof(
      fc.nat({ max: 255 }),
      // Tags and lengths, so that something comes of it.
      fc.constantFrom(0x0a, 0x12, 0x1a, 0x22, 0x80, 0, 1, 2, 3),
    );
    const bytes = fc.array(byte, { maxLength: 24 }).map((all) => Uint8Array.from(all));
    fc.assert(fc.property(bytes, expectSameReading), { numRuns: 4_000 });
  });

  test('answers are written as protobuf-es writes them', () => {
    let written = 0;
    fc.assert(
      fc.property(outputs, (init) => {
        const message = create(method.output, init as never);
        const bytes = codec.write(message);
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
    expect(codec.write(message)).toBeUndefined();
  });

  test('what was written stays as it is when others are written', () => {
    const written = fc.sample(outputs, 50).map((init) => {
      const message = create(method.output, init as never);
      return { bytes: codec.write(message), expected: toBinary(method.output, message) };
    });
    for (const { bytes, expected } of written) {
      if (bytes !== undefined) expectSameBytes(bytes, expected);
    }
  });
});

/** What protobuf-es makes of it; undefined if it refuses. */
function reference({ input }: DescMethod, bytes: Uint8Array): Message | undefined {
  try {
    return fromBinary(input, bytes);
  } catch {
    return undefined;
  }
}

function expectSameBytes(bytes: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
}
