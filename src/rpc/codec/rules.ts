/** What requests are held to while they are read, whatever they are written in: one rule, one text. */
export const RULE = {
  wellFormed: 'must be well-formed',
  list: 'must be a list',
  map: 'must be an object',
  unicode: 'must be well-formed Unicode',
  once: 'must be given once',
  alternative: 'must be the only one given of its alternatives',
  number: 'must hold no number that JSON and a double would not keep as it is',
  depth: 'must nest at most 32 levels deep',
} as const;

/** Objects and lists of a google.protobuf.Struct within one another, itself included. */
export const MAX_LEVELS = 32;

export function atMost(most: number): string {
  return `must hold at most ${most} items`;
}

/** Whether a number of a Struct reaches every reader as it is: JSON knows no -0, NaN or infinity. */
export function isKept(value: number): boolean {
  if (!Number.isInteger(value)) return Number.isFinite(value);
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

const MAX_SECONDS = 315_576_000_000n;
const MAX_NANOS = 999_999_999n;

/** What google/protobuf/duration.proto says of a Duration. */
export function isDuration(seconds: bigint, nanos: bigint): boolean {
  const magnitude = (value: bigint) => (value < 0n ? -value : value);
  const isOneSided = seconds === 0n || nanos === 0n || seconds < 0n === nanos < 0n;
  return isOneSided && magnitude(seconds) <= MAX_SECONDS && magnitude(nanos) <= MAX_NANOS;
}

/** The first second of the year 1, and the last of 9999. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** What google/protobuf/timestamp.proto says of a Timestamp. */
export function isTimestamp(seconds: bigint, nanos: bigint): boolean {
  const isInRange = seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
  return isInRange && nanos >= 0n && nanos <= MAX_NANOS;
}
