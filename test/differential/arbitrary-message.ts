import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';

/** Initialisers of messages of a type, for `create`, that are well-formed and keep few other rules. */
export function arbitraryInit(desc: DescMessage): fc.Arbitrary<Record<string, unknown>> {
  const members = desc.members.map((member) => {
    if (member.kind !== 'oneof') return [member.localName, optional(fieldOf(member))] as const;
    const cases = member.fields.map((field) =>
      singular(field).map((value) => ({ case: field.localName, value })),
    );
    return [member.localName, fc.oneof(...cases, fc.constant({ case: undefined }))] as const;
  });
  return fc.record(Object.fromEntries(members));
}

/** Text as clients send it, of any language. */
const text = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('acme', 'u1', 'phone', 'read', '\ufffd', '\ufeff', '__proto__'),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);
const uuid = fc.uuid();

const claims = fc.dictionary(
  text,
  fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double({ noNaN: true, noInteger: true, noDefaultInfinity: true }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  })).value,
  { maxKeys: 4 },
);

const timestamp = fc
  .record({
    seconds: fc.oneof(fc.bigInt(0n, 1_700_000_000n), fc.bigInt(-62_135_596_800n, 253_402_300_799n)),
    nanos: fc.constantFrom(0, 0, 5_000_000, 999_999_999),
  })
  .map(({ seconds, nanos }) => ({ seconds, nanos }));
const duration = fc
  .record({ seconds: fc.bigInt(0n, 100_000n), nanos: fc.constantFrom(0, 0, 500_000_000, 1) })
  .map(({ seconds, nanos }) => ({ seconds, nanos }));

function fieldOf(field: DescField): fc.Arbitrary<unknown> {
  if (field.fieldKind === 'list') return fc.array(singular(field), { maxLength: 4 });
  if (field.fieldKind === 'map') return fc.dictionary(text, text, { maxKeys: 3 });
  return singular(field);
}

function singular(field: DescField): fc.Arbitrary<unknown> {
  // What waits for replicas that are not there takes seconds.
  if (field.message?.typeName === 'signum.v1.Durability') return fc.constant({});
  if (field.enum !== undefined) {
    return fc.constantFrom(...field.enum.values.map(({ number }) => number));
  }
  switch (field.message?.typeName) {
    case undefined:
      return scalar(field.scalar, field.name);
    case 'google.protobuf.Struct':
      return claims;
    case 'google.protobuf.Timestamp':
      return timestamp;
    case 'google.protobuf.Duration':
      return duration;
    default:
      return arbitraryInit(field.message as DescMessage);
  }
}

function scalar(type: ScalarType | undefined, name: string): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.UINT32:
      return fc.oneof(fc.nat({ max: 20 }), fc.integer({ min: 0, max: 0xffff_ffff }));
    case ScalarType.UINT64:
      return fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** 64n - 1n));
    case ScalarType.INT32:
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    case ScalarType.INT64:
      return fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 20 });
    case ScalarType.STRING:
      return /_id$/.test(name) ? fc.oneof(text, uuid) : text;
    default:
      throw new Error(`${name} is of a kind that no request has had yet`);
  }
}

function optional(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.option(value, { nil: undefined, freq: 3 });
}

/**
 * The same message about a user and a caller of a door's own: what one door has changed, the next must
 * not find changed.
 */
export function ownOf<M>(message: M, door: number): M {
  const mark = `.d${String(door).padStart(2, '0')}`;
  const copy = (value: unknown, name = ''): unknown => {
    if (typeof value === 'string') return /^(userId|name)$/.test(name) ? `${value}${mark}` : value;
    if (Array.isArray(value)) return value.map((each) => copy(each));
    if (value === null || typeof value !== 'object' || name === 'claims') return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copy(each, key)]));
  };
  return copy(message) as M;
}
