import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';

/** A Timestamp under its name, or nothing for an instant that is not known. */
export function optionalTime<Name extends string>(
  name: Name,
  ms: number | undefined,
): { readonly [N in Name]?: Timestamp } {
  if (ms === undefined) return {};
  return { [name]: timestampFromMs(ms) } as { readonly [N in Name]: Timestamp };
}

/** What timestampFromMs of protobuf-es makes, in a third of the time. */
export function toTimestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1_000);
  const nanos = (ms - seconds * 1_000) * 1_000_000;
  return { $typeName: 'google.protobuf.Timestamp', seconds: BigInt(seconds), nanos };
}
