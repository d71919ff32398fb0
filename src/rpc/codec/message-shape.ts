import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { field as rulesOf } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { type Draft, emptyOf } from './draft.ts';
import { RULE } from './rules.ts';

/** What a field of a request holds. */
export type Kind = 'string' | 'bool' | 'uint32' | 'uint64' | 'enum' | 'message' | WellKnown;
type WellKnown = 'duration' | 'timestamp' | 'struct';

const SCALARS: { readonly [T in ScalarType]?: Kind } = {
  [ScalarType.STRING]: 'string',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.UINT64]: 'uint64',
};
const WELL_KNOWN: Readonly<Record<string, WellKnown>> = {
  'google.protobuf.Duration': 'duration',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Struct': 'struct',
};

/** What the readers know of a field, from the contract. */
export interface Field {
  /** As in the contract, such as `tenant_id`. */
  readonly name: string;
  /** The property of the message, or the case of the oneof. */
  readonly local: string;
  /** The property that holds the oneof which this field is one of. */
  readonly oneof: string | undefined;
  readonly kind: Kind;
  /** How often it may occur: a map's entries are objects of JSON. */
  readonly repeats: 'never' | 'list' | 'map';
  /** The most items or entries. */
  readonly most: number;
  /** Set once it has been given; the fields of a oneof share one. */
  readonly bit: number;
  /** What it must be, for errors. */
  readonly rule: string;
  /** What is wrong if its bit is set already. */
  readonly again: string;
  /** Makes a number of it, or the bool or enum value that the number stands for, if it is one. */
  readonly integer: ((value: bigint) => bigint | number | boolean | undefined) | undefined;
  /** Of a message. */
  readonly shape: MessageShape | undefined;
  /** Of an enum: its values by name. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

/** What the readers know of a message type, from the contract. */
export interface MessageShape {
  readonly typeName: string;
  readonly byNumber: ReadonlyMap<number, Field>;
  /** By both names that JSON may use: `tenantId` and `tenant_id`. */
  readonly byName: ReadonlyMap<string, Field>;
  /** A message without any field set. */
  empty(): Draft;
}

const MOST_FIELDS = 31;

/**
 * Works out how messages of a type are read. Throws for a contract with a field of a kind that no
 * request has had yet: the readers have to learn it first.
 */
export function shapeOf(desc: DescMessage): MessageShape {
  if (desc.fields.length > MOST_FIELDS) throw new Error(`${desc.typeName} has too many fields`);
  const fields = desc.fields.map((field) => fieldOf(field));
  return {
    typeName: desc.typeName,
    byNumber: new Map(desc.fields.map(({ number }, i) => [number, fields[i] as Field])),
    byName: new Map(
      desc.fields.flatMap(({ name, jsonName }, i) => [
        [name, fields[i] as Field],
        [jsonName, fields[i] as Field],
      ]),
    ),
    empty: emptyOf(desc),
  };
}

function fieldOf(field: DescField): Field {
  const { parent, name, localName: local, oneof } = field;
  const kind = kindOf(field);
  const repeats =
    field.fieldKind === 'list' || field.fieldKind === 'map' ? field.fieldKind : 'never';
  const message = 'message' in field ? field.message : undefined;
  const sharesWith = oneof?.fields[0] ?? field;
  return {
    name,
    local,
    oneof: oneof?.localName,
    kind,
    repeats,
    most: mostOf(field),
    bit: 1 << parent.fields.indexOf(sharesWith),
    rule: ruleOf(kind, field),
    again: oneof === undefined ? RULE.once : RULE.alternative,
    integer: integerOf(kind, field.enum),
    shape: kind === 'message' && message !== undefined ? shapeOf(message) : undefined,
    values: field.enum && new Map(field.enum.values.map(({ name, number }) => [name, number])),
  };
}

function kindOf(field: DescField): Kind {
  const unknown = `${field.parent.typeName}.${field.name} is of a kind that no reader knows`;
  if (field.fieldKind === 'map') {
    if (field.mapKey === ScalarType.STRING && field.scalar === ScalarType.STRING) return 'string';
    throw new Error(unknown);
  }
  if (field.enum !== undefined) return 'enum';
  if (field.message !== undefined) {
    const { typeName } = field.message;
    const known = WELL_KNOWN[typeName];
    const isSingular = field.fieldKind === 'message' && !field.delimitedEncoding;
    if (known !== undefined && isSingular && field.oneof === undefined) return known;
    if (typeName.startsWith('google.protobuf.')) throw new Error(unknown);
    return 'message';
  }
  const kind = SCALARS[field.scalar];
  if (kind === undefined) throw new Error(unknown);
  return kind;
}

function mostOf(field: DescField): number {
  const { type } = getOption(field, rulesOf);
  const bound =
    type.case === 'repeated' ? type.value.maxItems : type.case === 'map' ? type.value.maxPairs : 0n;
  return bound > 0n ? Number(bound) : Number.POSITIVE_INFINITY;
}

const MAX_UINT32 = 0xffff_ffffn;
const MAX_UINT64 = 2n ** 64n - 1n;

/** Takes bits as they are on the wire, or a number as it is in JSON. */
function integerOf(kind: Kind, desc: DescEnum | undefined): Field['integer'] {
  const numbers = new Set(desc?.values.map(({ number }) => number));
  switch (kind) {
    case 'bool':
      return (value) => (value === 0n || value === 1n ? value === 1n : undefined);
    case 'uint32':
      return (value) => (value >= 0n && value <= MAX_UINT32 ? Number(value) : undefined);
    case 'uint64':
      return (value) => (value >= 0n && value <= MAX_UINT64 ? value : undefined);
    case 'enum':
      return (value) => (numbers.has(Number(value)) ? Number(value) : undefined);
    default:
      return undefined;
  }
}

function ruleOf(kind: Kind, { enum: values, message }: DescField): string {
  switch (kind) {
    case 'string':
      return 'must be a string';
    case 'bool':
      return 'must be true or false';
    case 'uint32':
      return 'must be a whole number from 0 to 4294967295';
    case 'uint64':
      return 'must be a whole number from 0 to 18446744073709551615';
    case 'enum':
      return `must be a value of ${values?.typeName}`;
    case 'duration':
      return 'must be a duration, such as 3600s';
    case 'timestamp':
      return 'must be an instant as RFC 3339 has it';
    default:
      return `must be a ${message?.typeName}`;
  }
}
