import type { DescMessage } from '@bufbuild/protobuf';

/** Numbers of fields by their names, by the names of their messages. */
export type KnownFields = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Whether messages have these fields and no others. What is read or written by hand would leave out a field
 * that one gains, or take it for another: then nothing is.
 */
export function haveOnly(schemas: readonly DescMessage[], known: KnownFields): boolean {
  return schemas.every(({ typeName, fields }) => {
    const numbers = known[typeName] ?? {};
    const isKnown = fields.every(({ name, number }) => numbers[name] === number);
    return isKnown && fields.length === Object.keys(numbers).length;
  });
}
