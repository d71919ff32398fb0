import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenRefSchema } from '../../gen/signum/v1/token_pb.js';
import {
  TokenService,
  ValidateRequestSchema,
  ValidateResponseSchema,
} from '../../gen/signum/v1/token_service_pb.js';
import { quickCodecOf } from './quick-codec.ts';

const codec = quickCodecOf(TokenService.method.validate);

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
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
  minRevision: fc.oneof(fc.constant(0n), uint64),
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

/** What protobuf-es makes of it; undefined if it refuses. */
function reference(bytes: Uint8Array): unknown {
  try {
    return fromBinary(ValidateRequestSchema, bytes);
  } catch {
    return undefined;
  }
}

/** What is read is what protobuf-es reads. */
function expectSameReading(bytes: Uint8Array): void {
  const read = codec.read(bytes);
  if (read !== undefined) expect(read).toStrictEqual(reference(bytes));
}

test('requests are read as protobuf-es reads them', () => {
  fc.assert(
    fc.property(request, (init) => {
      const message = create(ValidateRequestSchema, init as never);
      expectSameReading(toBinary(ValidateRequestSchema, message));
    }),
    { numRuns: 500 },
  );
});

test('bytes that are cut off, changed or joined are read as protobuf-es reads them, or not at all', () => {
  const bytes = request.map((init) =>
    toBinary(ValidateRequestSchema, create(ValidateRequestSchema, init as never)),
  );
  fc.assert(
    fc.property(bytes, bytes, fc.nat(), fc.nat({ max: 255 }), (one, other, at, value) => {
      expectSameReading(one.subarray(0, at % (one.length + 1)));
      expectSameReading(Buffer.concat([one, other]));
      if (one.length === 0) return;
      const changed = Uint8Array.from(one);
      changed[at % one.length] = value;
      expectSameReading(changed);
    }),
    { numRuns: 1_000 },
  );
});

test('bytes that are anything are read as protobuf-es reads them, or not at all', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), expectSameReading), { numRuns: 2_000 });
});

test.each([
  ['a field that is not known', [0xf8, 0x01, 0x07]],
  ['a field that is not known, of ids', [0x12, 0x02, 0x28, 0x01]],
  ['min_revision', [0x28, 0x07]],
  ['two subjects', [0x0a, 0x01, 0x61, 0x12, 0x00]],
  ['text that is no UTF-8', [0x22, 0x01, 0xff]],
])('%s is left to protobuf-es', (_what, bytes) => {
  expect(codec.read(Uint8Array.from(bytes))).toBeUndefined();
});

test('answers are written as protobuf-es writes them', () => {
  let written = 0;
  fc.assert(
    fc.property(response, (init) => {
      const message = create(ValidateResponseSchema, init as never);
      const bytes = codec.write(message);
      if (bytes === undefined) return;
      written += 1;
      const expected = toBinary(ValidateResponseSchema, message);
      expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
    }),
    { numRuns: 1_000 },
  );
  expect(written).toBeGreaterThan(0);
});

test('an ordinary request and an ordinary answer are plain', () => {
  const token = { tenantId: 'acme', userId: 'u1', deviceId: 'phone', tokenId: 'x'.repeat(36) };
  const subject = { case: 'ids', value: create(TokenRefSchema, token) } as const;
  const bytes = toBinary(ValidateRequestSchema, create(ValidateRequestSchema, { subject }));
  expect(codec.read(bytes)).toBeDefined();
  const seconds = 1_700_000_000n;
  const answer = create(ValidateResponseSchema, {
    active: true,
    verdict: 1,
    source: 2,
    token,
    sessionId: 'y'.repeat(36),
    scopes: ['read', 'write'],
    issueTime: { seconds },
    expireTime: { seconds },
    revision: 12_345n,
    audiences: ['https://api.example'],
    claims: {},
  });
  expect(codec.write(answer)).toEqual(Buffer.from(toBinary(ValidateResponseSchema, answer)));
});

test('what was written stays as it is when the next is written', () => {
  const first = create(ValidateResponseSchema, { sessionId: 'first' });
  const bytes = codec.write(first);
  codec.write(create(ValidateResponseSchema, { sessionId: 'other' }));
  expect(bytes).toEqual(Buffer.from(toBinary(ValidateResponseSchema, first)));
});
