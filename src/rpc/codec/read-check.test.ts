import { fromBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type CheckRequest,
  CheckRequestSchema,
} from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { READ_HEADERS } from '../../gateway/envoy.ts';
import { CHECK_FIELDS, knowsCheck, readCheckRequest } from './read-check.ts';

type Bytes = Uint8Array;
/** A field of a message: number and content, or bytes as they are. */
type Part = readonly [number, string | Bytes] | Bytes;

function message(...parts: readonly Part[]): Bytes {
  const writer = new BinaryWriter();
  for (const part of parts) {
    if (part instanceof Uint8Array) writer.raw(part);
    else writer.tag(part[0], WireType.LengthDelimited).bytes(bytesOf(part[1]));
  }
  return writer.finish();
}

function bytesOf(content: string | Bytes): Bytes {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

const entry = (key: string, value: string) => message([1, key], [2, value]);

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.string({ minLength: 120, maxLength: 300 }),
);
/** Fields that the contract has not, of every wire type. */
const unknown = fc.oneof(
  fc.tuple(fc.integer({ min: 14, max: 4_000 }), text).map((field) => message(field)),
  fc.bigInt(0n, 2n ** 64n - 1n).map((n) => new BinaryWriter().tag(20, 0).uint64(n).finish()),
  fc.constant(new BinaryWriter().tag(21, 1).fixed64(7).finish()),
  fc.constant(new BinaryWriter().tag(22, 5).fixed32(7).finish()),
);
const name = fc.oneof(
  fc.constantFrom<string>(...READ_HEADERS),
  fc.constantFrom(':path', 'accept', 'host', 'user-agent', 'x-other-required-scope'),
  fc.string({ minLength: 1, maxLength: 24 }),
);

/** A CheckRequest in parts, which may come in any order, and mostly come once. */
function requests(value: fc.Arbitrary<string>, others: fc.Arbitrary<Bytes>): fc.Arbitrary<Bytes> {
  const optional = (part: fc.Arbitrary<Part>) => fc.array(part, { maxLength: 1 });
  const build = (parts: readonly fc.Arbitrary<Part[]>[]) =>
    fc
      .tuple(...parts, fc.array(others, { maxLength: 2 }))
      .map((all) => all.flat())
      .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
      .map((all) => message(...all));
  const field = (number: number) => optional(value.map((content) => [number, content] as const));
  const map = (number: number, key: fc.Arbitrary<string>) =>
    fc.array(
      fc.tuple(key, value).map(([each, content]) => [number, entry(each, content)] as const),
      { maxLength: 6 },
    );
  const sub = (number: number, content: fc.Arbitrary<Bytes>) =>
    fc.array(
      content.map((bytes) => [number, bytes] as const),
      { minLength: 1, maxLength: 1 },
    );
  const http = build([field(2), map(3, name), field(4), field(5), field(6)]);
  const attributes = build([
    optional(build([field(5)]).map((bytes) => [1, bytes] as const)),
    sub(4, build([sub(2, http)])),
    map(10, value),
  ]);
  return build([sub(1, attributes)]);
}

/** What is looked at of a message. */
function lookedAt(request: CheckRequest) {
  const http = request.attributes?.request?.http;
  if (http === undefined) return request;
  const names = READ_HEADERS.filter((each) => Object.hasOwn(http.headers, each));
  const headers = Object.fromEntries(names.map((each) => [each, http.headers[each] ?? '']));
  const { $typeName, method, path, host, scheme, headerMap } = http;
  const seen = { $typeName, method, path, host, scheme, headerMap, headers };
  return { ...request, attributes: { ...request.attributes, request: { http: seen } } };
}

const inFull = (bytes: Bytes) =>
  fromBinary(CheckRequestSchema, bytes, { readUnknownFields: false });

describe('what is read of a question', () => {
  test('is what protobuf-es reads, whatever else Envoy says', () => {
    let read = 0;
    const property = fc.property(requests(text, unknown), (bytes) => {
      const request = readCheckRequest(bytes);
      if (request === undefined) return;
      read += 1;
      expect(lookedAt(request)).toEqual(lookedAt(inFull(bytes)));
    });
    fc.assert(property, { numRuns: 1_000 });
    expect(read).toBeGreaterThan(500);
  });

  test('is that and no more of bytes that are damaged', () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0, max: 0x7f }).map(codeToText),
      maxLength: 9,
    });
    const damages = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 0x7f })), {
      minLength: 1,
      maxLength: 3,
    });
    let [read, refused] = [0, 0];
    const property = fc.property(
      requests(ascii, fc.constant(message([20, 'x']))),
      damages,
      fc.nat({ max: 3 }),
      (whole, all, cut) => {
        const bytes = Buffer.from(whole.subarray(0, whole.length - cut));
        for (const [at, byte] of all) bytes[at % bytes.length] = byte;
        const request = readCheckRequest(bytes);
        if (request === undefined) refused += 1;
        else {
          read += 1;
          expect(lookedAt(request)).toEqual(lookedAt(inFull(bytes)));
        }
      },
    );
    fc.assert(property, { numRuns: 3_000 });
    expect(Math.min(read, refused)).toBeGreaterThan(100);
  });

  test.each<[what: string, http: Bytes]>([
    ['a header twice', message([3, entry('cookie', 'a')], [3, entry('cookie', 'b')])],
    ['a header without a value', message([3, message([1, 'cookie'])])],
    ['a value before its name', message([3, message([2, 'a'], [1, 'cookie'])])],
    ['more in a header', message([3, message([1, 'cookie'], [2, 'a'], [4, 'b'])])],
    ['a header map', message([13, message([1, message([1, 'cookie'], [2, 'a'])])])],
    ['a path twice', message([4, '/a'], [4, '/b'])],
    ['a path that is a number', Uint8Array.of(0x20, 1)],
    ['a path of no text', message([4, Uint8Array.of(0xff)])],
    ['a token of no text', message([3, message([1, 'authorization'], [2, Uint8Array.of(0xff)])])],
    ['a group', Uint8Array.of(0x73, 0x74)],
    ['a field of no number', Uint8Array.of(0x02, 0)],
    ['a text that is cut short', Uint8Array.of(0x22, 9, 0x2f)],
  ])('is left to protobuf-es with %s', (_what, http) => {
    const bytes = message([1, message([4, message([2, http])])]);
    expect(readCheckRequest(bytes)).toBeUndefined();
  });

  test('is left to protobuf-es where a part of it is given twice, which it merges', () => {
    const http = message([2, message([4, '/a'])]);
    const attributes = message([4, http]);
    expect(readCheckRequest(message([1, attributes]))).toBeDefined();
    for (const bytes of [
      message([1, attributes], [1, attributes]),
      message([1, message([4, http], [4, http])]),
      message([1, message([4, message([2, message([4, '/a'])], [2, message([4, '/b'])])])]),
      message([1, message([1, ''], [1, ''], [4, http])]),
    ]) {
      expect(readCheckRequest(bytes)).toBeUndefined();
    }
  });
});

test('questions are read by hand as long as the contract has no field that is not known', () => {
  expect(knowsCheck()).toBe(true);
  const type = 'envoy.service.auth.v3.AttributeContext.HttpRequest';
  const { scheme: _, ...others } = CHECK_FIELDS[type];
  expect(knowsCheck({ ...CHECK_FIELDS, [type]: others })).toBe(false);
  expect(knowsCheck({ ...CHECK_FIELDS, [type]: { ...others, scheme: 7 } })).toBe(false);
  expect(knowsCheck({ ...CHECK_FIELDS, [type]: { ...others, scheme: 6, query: 7 } })).toBe(false);
});

function codeToText(code: number): string {
  return String.fromCharCode(code);
}
