import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';

/** A Timestamp under its name, or nothing for an instant that is not known. */
export function optionalTime<Name extends string>(
  name: Name,
  ms: number | undefined,
): { readonly [N in Name]?: Timestamp } {
  if (ms === undefined) return {};
  return { [name]: timestampFromMs(ms) } as { readonly [N in Name]: Timestamp };
}
