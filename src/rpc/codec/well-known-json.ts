import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import type { JsonObject, JsonValue } from '@signum/token';
import { setOwn } from './draft.ts';
import type { JsonCursor } from './json-cursor.ts';
import { isDuration, isKept, isTimestamp, MAX_LEVELS, RULE } from './rules.ts';
import type { Refuse } from './well-known-binary.ts';

const DURATION = /^(-?)(0|[1-9]\d{0,11})(?:\.(\d{1,9}))?s$/;
/** In characters; a double has 17 digits that count. */
const LONGEST_NUMBER = 64;

/** The google.protobuf.Duration that a text stands for; undefined if it is none. */
export function durationOf(text: string): Duration | undefined {
  const [, minus = '', whole, fraction = ''] = DURATION.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const sign = minus === '' ? 1n : -1n;
  const seconds = sign * BigInt(whole);
  const nanos = sign * BigInt(fraction.padEnd(9, '0'));
  if (!isDuration(seconds, nanos)) return undefined;
  return { $typeName: 'google.protobuf.Duration', seconds, nanos: Number(nanos) };
}

const INSTANT =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** The google.protobuf.Timestamp that a text stands for (RFC 3339); undefined if it is none. */
export function timestampOf(text: string): Timestamp | undefined {
  const [, local, fraction = '', sign, hours, minutes] = INSTANT.exec(text) ?? [];
  if (local === undefined) return undefined;
  const date = new Date(`${local}Z`);
  // The 30th of February would be taken for another day.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(local)) return undefined;
  const offset =
    Number(`${sign ?? ''}1`) * (Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60);
  const seconds = BigInt(date.getTime() / 1_000 - offset);
  const nanos = BigInt(fraction.padEnd(9, '0'));
  if (!isTimestamp(seconds, nanos)) return undefined;
  return { $typeName: 'google.protobuf.Timestamp', seconds, nanos: Number(nanos) };
}

/** A JSON object whose `{` is next, as it is. */
export function readJsonObject(cursor: JsonCursor, refuse: Refuse): JsonObject {
  return new JsonValueReader(cursor, refuse).object(1);
}

class JsonValueReader {
  readonly #cursor: JsonCursor;
  readonly #refuse: Refuse;

  constructor(cursor: JsonCursor, refuse: Refuse) {
    this.#cursor = cursor;
    this.#refuse = refuse;
  }

  object(level: number): JsonObject {
    if (level > MAX_LEVELS) this.#refuse(RULE.depth);
    const object: JsonObject = {};
    this.#take('{');
    if (this.#cursor.take('}')) return object;
    do {
      const name = this.#text();
      if (Object.hasOwn(object, name)) this.#refuse(RULE.once);
      this.#take(':');
      setOwn(object, name, this.#value(level));
    } while (this.#cursor.take(','));
    this.#take('}');
    return object;
  }

  #list(level: number): JsonValue[] {
    if (level > MAX_LEVELS) this.#refuse(RULE.depth);
    const list: JsonValue[] = [];
    this.#take('[');
    if (this.#cursor.take(']')) return list;
    do list.push(this.#value(level));
    while (this.#cursor.take(','));
    this.#take(']');
    return list;
  }

  #value(level: number): JsonValue {
    const start = this.#cursor.start();
    switch (start) {
      case '{':
        return this.object(level + 1);
      case '[':
        return this.#list(level + 1);
      case '"':
        return this.#text();
      case 'number':
        return this.#number();
      case undefined:
        return this.#refuse(RULE.wellFormed);
      default:
        if (!this.#cursor.word(start)) this.#refuse(RULE.wellFormed);
        return start === 'null' ? null : start === 'true';
    }
  }

  #number(): number {
    const text = this.#cursor.number() ?? this.#refuse(RULE.wellFormed);
    const value = Number(text);
    const isSame = text.length <= LONGEST_NUMBER && decimal(text) === decimal(String(value));
    return isSame && isKept(value) ? value : this.#refuse(RULE.number);
  }

  #text(): string {
    const text = this.#cursor.string() ?? this.#refuse(RULE.wellFormed);
    return text.isWellFormed() ? text : this.#refuse(RULE.unicode);
  }

  #take(char: '{' | '}' | '[' | ']' | ':'): void {
    if (!this.#cursor.take(char)) this.#refuse(RULE.wellFormed);
  }
}

/** In one spelling: its digits from the first to the last that is not 0, and the power of ten behind. */
function decimal(text: string): string {
  const [, minus = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return `${minus}0`;
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${minus}${significant}e${power}`;
}
