import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import type { PlainWriter } from './plain-writer.ts';

/** Writes an instant or a lifetime: the two look alike. Plain is one that is not negative. */
export function writeTime(to: PlainWriter, field: number, time: Timestamp | Duration): void {
  if (time.$unknown !== undefined) to.giveUp();
  const start = to.open(field);
  to.integer(1, Number(time.seconds));
  to.integer(2, time.nanos);
  to.close(start);
}
