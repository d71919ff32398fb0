import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Protobuf field by field, in ways in which no serialiser would write it. */
export type Field = (to: BinaryWriter) => unknown;

export function all(...fields: readonly Field[]): Uint8Array {
  const to = new BinaryWriter();
  for (const field of fields) field(to);
  return to.finish();
}

export function raw(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

export function text(field: number, value: string | Uint8Array): Field {
  return (to) => to.tag(field, WireType.LengthDelimited).bytes(Buffer.from(value));
}

export function message(field: number, ...fields: readonly Field[]): Field {
  return (to) => {
    to.tag(field, WireType.LengthDelimited).fork();
    for (const each of fields) each(to);
    to.join();
  };
}

export function varint(field: number, value: bigint | number): Field {
  return (to) => to.tag(field, WireType.Varint).uint64(value);
}

/** The number of a google.protobuf.Value. */
export function double(value: number): Field {
  return (to) => to.tag(2, WireType.Bit64).double(value);
}

/** The claims of an IssueRequest, with one that is a google.protobuf.Value of these fields. */
export function claim(...value: readonly Field[]): Field {
  return message(4, message(1, text(1, 'a'), message(2, ...value)));
}

/** A google.protobuf.Value of objects (5) or lists (6) within one another. */
export function nested(levels: number, kind: 5 | 6): Field {
  if (levels === 0) return varint(1, 0);
  const inner = message(kind === 6 ? 1 : 2, nested(levels - 1, kind));
  return message(kind, kind === 6 ? inner : message(1, inner));
}
