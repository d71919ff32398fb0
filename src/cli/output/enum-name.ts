import type { DescEnum } from '@bufbuild/protobuf';

/** The name of an enum's value without its prefix: `ACTIVE`; the number if it is not known here. */
export function enumName(schema: DescEnum, value: number): string {
  return schema.value[value]?.localName ?? String(value);
}
