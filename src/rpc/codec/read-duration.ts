import type { Duration } from '@bufbuild/protobuf/wkt';
import type { Cursor } from './cursor.ts';

/** Field 1, wire type 0, "varint". */
const SECONDS = 0x08;

/** Reads the Duration that ends there, if it is plain: whole seconds, up to eight years of them. */
export function readDuration(cursor: Cursor, end: number): Duration | undefined {
  let seconds = 0;
  while (cursor.at < end) {
    if (cursor.byte() !== SECONDS) return undefined;
    seconds = cursor.number(end);
    if (seconds < 0) return undefined;
  }
  return { $typeName: 'google.protobuf.Duration', seconds: BigInt(seconds), nanos: 0 };
}
