import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** An instant in RFC 3339, UTC, to the second, with its distance from now; `-` when absent. */
export function instant(timestamp: Timestamp | undefined, now: Date): string {
  if (!timestamp) return '-';
  const at = timestampDate(timestamp);
  return `${rfc3339(at)} (${distance(at.getTime() - now.getTime())})`;
}

/** RFC 3339, UTC, to the second. */
export function rfc3339(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** `in 14 min 59 s`, `2 d 3 h ago`, `now`: at most two units, rounded down. */
export function distance(ms: number): string {
  const text = spell(Math.abs(ms));
  if (text === '') return 'now';
  return ms > 0 ? `in ${text}` : `${text} ago`;
}

function spell(ms: number): string {
  let seconds = Math.floor(ms / 1000);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    // Two neighbouring units at most: nobody needs the seconds of a week.
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.join(' ');
}
