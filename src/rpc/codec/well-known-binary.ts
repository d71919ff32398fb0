import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import type { JsonObject, JsonValue } from '@signum/token';
import { type BinaryCursor, DELIMITED, FIXED64, VARINT } from './binary-cursor.ts';
import { setOwn } from './draft.ts';
import { isDuration, isKept, isTimestamp, MAX_LEVELS, RULE } from './rules.ts';

/** Fails for what breaks a rule. */
export type Refuse = (rule: string) => never;

/** A google.protobuf.Duration that ends there; undefined if it is none. */
export function readDuration(cursor: BinaryCursor, end: number): Duration | undefined {
  const parts = readParts(cursor, end);
  if (parts === undefined || !isDuration(...parts)) return undefined;
  return { $typeName: 'google.protobuf.Duration', seconds: parts[0], nanos: Number(parts[1]) };
}

/** A google.protobuf.Timestamp that ends there; undefined if it is none. */
export function readTimestamp(cursor: BinaryCursor, end: number): Timestamp | undefined {
  const parts = readParts(cursor, end);
  if (parts === undefined || !isTimestamp(...parts)) return undefined;
  return { $typeName: 'google.protobuf.Timestamp', seconds: parts[0], nanos: Number(parts[1]) };
}

/** Seconds and nanoseconds, of which either kind is made. */
function readParts(cursor: BinaryCursor, end: number): readonly [bigint, bigint] | undefined {
  const parts: { [tag: number]: bigint } = {};
  while (cursor.at < end) {
    const tag = cursor.short(end);
    if ((tag !== 0x08 && tag !== 0x10) || tag in parts) return undefined;
    const value = cursor.varint(end);
    if (value < 0n) return undefined;
    parts[tag] = BigInt.asIntN(64, value);
  }
  const { 0x08: seconds = 0n, 0x10: nanos = 0n } = parts;
  return [seconds, nanos];
}

/** A google.protobuf.Struct that ends there, as the JSON object that it stands for. */
export function readStruct(cursor: BinaryCursor, end: number, refuse: Refuse): JsonObject {
  return new StructReader(cursor, refuse).struct(end, 1);
}

const NOT_A_STRUCT = 'must be a google.protobuf.Struct';

class StructReader {
  readonly #cursor: BinaryCursor;
  readonly #refuse: Refuse;

  constructor(cursor: BinaryCursor, refuse: Refuse) {
    this.#cursor = cursor;
    this.#refuse = refuse;
  }

  /** Fields: a map from text to Value, 1. */
  struct(end: number, level: number): JsonObject {
    if (level > MAX_LEVELS) this.#refuse(RULE.depth);
    const object: JsonObject = {};
    while (this.#cursor.at < end) this.#entry(object, this.#delimited(0x0a, end), level);
    return object;
  }

  #entry(object: JsonObject, end: number, level: number): void {
    let name: string | undefined;
    let value: JsonValue | undefined;
    while (this.#cursor.at < end) {
      const tag = this.#cursor.short(end);
      if (tag === 0x0a && name === undefined) name = this.#text(this.#end(end));
      else if (tag === 0x12 && value === undefined) value = this.#value(this.#end(end), level);
      else this.#refuse(NOT_A_STRUCT);
    }
    if (value === undefined) this.#refuse(NOT_A_STRUCT);
    if (Object.hasOwn(object, name ?? '')) this.#refuse(RULE.once);
    setOwn(object, name ?? '', value);
  }

  /** One of: null 1, number 2, string 3, bool 4, struct 5, list 6. */
  #value(end: number, level: number): JsonValue {
    const tag = this.#cursor.short(end);
    const value = this.#kind(tag, end, level);
    if (this.#cursor.at !== end) this.#refuse(NOT_A_STRUCT);
    return value;
  }

  #kind(tag: number, end: number, level: number): JsonValue {
    switch (tag) {
      case (1 << 3) | VARINT:
        return this.#cursor.varint(end) === 0n ? null : this.#refuse(NOT_A_STRUCT);
      case (2 << 3) | FIXED64: {
        const number = this.#cursor.double(end);
        return isKept(number) ? number : this.#refuse(RULE.number);
      }
      case (3 << 3) | DELIMITED:
        return this.#text(this.#end(end));
      case (4 << 3) | VARINT: {
        const bit = this.#cursor.varint(end);
        return bit === 0n || bit === 1n ? bit === 1n : this.#refuse(NOT_A_STRUCT);
      }
      case (5 << 3) | DELIMITED:
        return this.struct(this.#end(end), level + 1);
      case (6 << 3) | DELIMITED:
        return this.#list(this.#end(end), level + 1);
      default:
        return this.#refuse(NOT_A_STRUCT);
    }
  }

  /** Values: repeated Value, 1. */
  #list(end: number, level: number): JsonValue[] {
    if (level > MAX_LEVELS) this.#refuse(RULE.depth);
    const list: JsonValue[] = [];
    while (this.#cursor.at < end) list.push(this.#value(this.#delimited(0x0a, end), level));
    return list;
  }

  #delimited(tag: number, limit: number): number {
    return this.#cursor.short(limit) === tag ? this.#end(limit) : this.#refuse(NOT_A_STRUCT);
  }

  #end(limit: number): number {
    const end = this.#cursor.end(limit);
    return end < 0 ? this.#refuse(RULE.wellFormed) : end;
  }

  #text(end: number): string {
    return this.#cursor.text(end) ?? this.#refuse(RULE.unicode);
  }
}
