import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import {
  type Duration,
  DurationSchema,
  type Timestamp,
  timestampFromMs,
} from '@bufbuild/protobuf/wkt';
import { readJsonObject } from '@signum/token';
import { InvalidArgumentError } from 'commander';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Each unit once, the largest first. */
const DURATION =
  /^(?:0|(?=\d)(?:\d{1,12}d)?(?:\d{1,12}h)?(?:\d{1,12}m(?!s))?(?:\d{1,12}s)?(?:\d{1,12}ms)?)$/;

/** Parsers of option values. Each throws commander's InvalidArgumentError, which ends in exit 2. */

/** `90s`, `5m`, `1h30m`, `7d`, `250ms`: milliseconds. */
export function durationMs(text: string): number {
  if (!DURATION.test(text)) throw new InvalidArgumentError('Write it like 90s, 5m, 1h30m or 7d.');
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  if (!Number.isSafeInteger(total)) throw new InvalidArgumentError('It is too long.');
  return total;
}

/** As `durationMs`, as the API takes it. */
export function duration(text: string): Duration {
  const ms = durationMs(text);
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(ms / 1000)),
    nanos: (ms % 1000) * 1_000_000,
  });
}

const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Whether a month has that day: what parses dates makes the 3rd of March of the 31st of February. */
function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/** `now`, or an instant with its time zone as in RFC 3339. */
export function pastInstant(text: string): Timestamp {
  const [, day] = INSTANT.exec(text) ?? [];
  const isInstant = day !== undefined && isDay(day);
  const ms = text === 'now' ? Date.now() : isInstant ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('Write it like 2026-01-31T12:00:00Z, or now.');
  return timestampFromMs(ms);
}

/** An option that may be given several times: collects its values. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** As `collect`, for an option that allows certain values only. */
export function collectOneOf<T extends string>(
  allowed: readonly T[],
): (value: string, before: readonly T[] | undefined) => T[] {
  return (value, before) => {
    const known = allowed.find((each) => each === value);
    if (known === undefined) throw new InvalidArgumentError(`Allowed: ${allowed.join(', ')}.`);
    return [...(before ?? []), known];
  };
}

/** Collects `key=value` pairs of text. */
export function collectPairs(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const [key, value] = splitPair(text, before);
  return Object.fromEntries([...Object.entries(before ?? {}), [key, value]]);
}

/** Collects `key=value` claims; a value that is JSON is taken as JSON, any other as text. */
export function collectClaims(text: string, before: JsonObject | undefined): JsonObject {
  const [key, value] = splitPair(text, before);
  return Object.fromEntries([...Object.entries(before ?? {}), [key, jsonOrText(value)]]);
}

/** A whole number from 0 up, of any size. */
export function unsigned(text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return BigInt(text);
}

/** A parser of whole numbers from `min` to `max`. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** Of a key that comes twice the last would win. */
function splitPair(text: string, before: object = {}): [key: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as key=value.');
  const key = text.slice(0, at);
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError('Give each key once.');
  return [key, text.slice(at + 1)];
}

function jsonOrText(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
  if (readJsonObject(Buffer.from(`{"":${text}}`)) === undefined) {
    throw new InvalidArgumentError('Give each member of an object once.');
  }
  return value;
}
