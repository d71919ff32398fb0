import type { Message } from '@bufbuild/protobuf';
import { BinaryCursor, DELIMITED, VARINT } from './binary-cursor.ts';
import { type Draft, FieldPath, setOwn } from './draft.ts';
import type { Field, MessageShape } from './message-shape.ts';
import { atMost, RULE } from './rules.ts';
import { readDuration, readStruct, readTimestamp } from './well-known-binary.ts';

/** Reads a message; throws INVALID_FIELD for one that is not in every respect as the contract says. */
export function readBinary(shape: MessageShape, bytes: Uint8Array): Message {
  return new BinaryReader(bytes).message(shape, bytes.length);
}

class BinaryReader {
  readonly #cursor: BinaryCursor;
  readonly #path = new FieldPath();

  constructor(bytes: Uint8Array) {
    this.#cursor = new BinaryCursor(bytes);
  }

  message(shape: MessageShape, end: number): Message {
    const message = shape.empty();
    let seen = 0;
    while (this.#cursor.at < end) {
      const tag = this.#cursor.short(end);
      const field = shape.byNumber.get(tag >>> 3) ?? this.#unknown(shape, tag, end);
      if (field.repeats === 'never') {
        if ((seen & field.bit) !== 0) this.#refuse(field, field.again);
        seen |= field.bit;
        const value = this.#value(field, tag & 7, end);
        if (field.oneof === undefined) message[field.local] = value;
        else message[field.oneof] = { case: field.local, value };
      } else {
        this.#repeated(message, field, tag & 7, end);
      }
    }
    return message;
  }

  #unknown({ typeName }: MessageShape, tag: number, end: number): never {
    const whole = tag < 0 ? Number(this.#cursor.varint(end)) : tag;
    if (whole < 8 || whole > 0xffff_ffff) throw this.#path.invalid(RULE.wellFormed);
    throw this.#path.unknown(String(Math.floor(whole / 8)), typeName);
  }

  #value(field: Field, wireType: number, limit: number): unknown {
    if (field.integer !== undefined) return this.#integer(field, wireType, limit);
    const end = this.#delimited(field, wireType, limit);
    switch (field.kind) {
      case 'message':
        return this.#nested(field, end);
      case 'duration':
        return readDuration(this.#cursor, end) ?? this.#refuse(field, field.rule);
      case 'timestamp':
        return readTimestamp(this.#cursor, end) ?? this.#refuse(field, field.rule);
      case 'struct':
        return readStruct(this.#cursor, end, (rule) => this.#refuse(field, rule));
      default:
        return this.#text(field, end);
    }
  }

  #nested(field: Field, end: number): Message {
    this.#path.enter(field.name);
    const message = this.message(field.shape as MessageShape, end);
    this.#path.leave();
    return message;
  }

  #text(field: Field, end: number): string {
    return this.#cursor.text(end) ?? this.#refuse(field, RULE.unicode);
  }

  #delimited(field: Field, wireType: number, limit: number): number {
    if (wireType !== DELIMITED) this.#refuse(field, field.rule);
    const end = this.#cursor.end(limit);
    return end < 0 ? this.#refuse(field, RULE.wellFormed) : end;
  }

  #integer(field: Field, wireType: number, limit: number): unknown {
    if (wireType !== VARINT) this.#refuse(field, field.rule);
    const short = this.#cursor.short(limit);
    const value = short < 0 ? this.#cursor.varint(limit) : BigInt(short);
    if (value < 0n) this.#refuse(field, RULE.wellFormed);
    return field.integer?.(value) ?? this.#refuse(field, field.rule);
  }

  #repeated(message: Draft, field: Field, wireType: number, limit: number): void {
    if (field.repeats === 'map') {
      this.#entry(message[field.local] as Record<string, string>, field, wireType, limit);
      return;
    }
    const list = message[field.local] as unknown[];
    const isPacked = wireType === DELIMITED && field.integer !== undefined;
    if (!isPacked) {
      this.#item(list, field, wireType, limit);
      return;
    }
    const end = this.#delimited(field, wireType, limit);
    while (this.#cursor.at < end) this.#item(list, field, VARINT, end);
  }

  #item(list: unknown[], field: Field, wireType: number, limit: number): void {
    if (list.length >= field.most) this.#refuse(field, atMost(field.most));
    this.#path.item(list.length);
    list.push(this.#value(field, wireType, limit));
    this.#path.noItem();
  }

  /** Of a map from text to text, which is a message of key 1 and value 2. */
  #entry(map: Record<string, string>, field: Field, wireType: number, limit: number): void {
    if (wireType !== DELIMITED) this.#refuse(field, RULE.map);
    const end = this.#delimited(field, wireType, limit);
    const parts: { [tag: number]: string } = {};
    while (this.#cursor.at < end) {
      const tag = this.#cursor.short(end);
      if ((tag !== 0x0a && tag !== 0x12) || tag in parts) this.#refuse(field, RULE.map);
      parts[tag] = this.#text(field, this.#delimited(field, tag & 7, end));
    }
    const { 0x0a: key = '', 0x12: value = '' } = parts;
    if (Object.hasOwn(map, key)) this.#refuse(field, RULE.once);
    if (Object.keys(map).length >= field.most) this.#refuse(field, atMost(field.most));
    setOwn(map, key, value);
  }

  #refuse(field: Field, rule: string): never {
    throw this.#path.invalid(rule, field.name);
  }
}
