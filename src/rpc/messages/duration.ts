import type { Duration } from '@bufbuild/protobuf/wkt';
import { invalidField } from '../../domain/errors.ts';

/** A lifetime in milliseconds, absent if it is absent. Lifetimes are whole seconds. */
export function toWholeSecondsMs(
  field: string,
  duration: Duration | undefined,
): number | undefined {
  if (duration === undefined) return undefined;
  if (duration.nanos !== 0) throw invalidField(field, 'must be whole seconds');
  const ms = Number(duration.seconds) * 1_000;
  if (!Number.isSafeInteger(ms)) throw invalidField(field, 'is out of range');
  return ms;
}

/** What durationFromMs of protobuf-es makes of 0 or more milliseconds, in a third of the time. */
export function toDuration(ms: number): Duration {
  const seconds = Math.floor(ms / 1_000);
  const nanos = (ms - seconds * 1_000) * 1_000_000;
  return { $typeName: 'google.protobuf.Duration', seconds: BigInt(seconds), nanos };
}
