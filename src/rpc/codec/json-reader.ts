import { isUtf8 } from 'node:buffer';
import type { Message } from '@bufbuild/protobuf';
import { asBuffer } from './binary-cursor.ts';
import { type Draft, FieldPath, setOwn } from './draft.ts';
import { JsonCursor, type JsonStart } from './json-cursor.ts';
import type { Field, MessageShape } from './message-shape.ts';
import { atMost, RULE } from './rules.ts';
import { durationOf, readJsonObject, timestampOf } from './well-known-json.ts';

/** Without a fraction, an exponent, a zero in front or a minus before 0. */
const INTEGER = /^(0|-?[1-9]\d{0,19})$/;

/**
 * Reads a message in the JSON mapping of protobuf (https://protobuf.dev/programming-guides/json);
 * throws INVALID_FIELD for one that is not in every respect as the contract says. It is stricter than
 * the mapping in two things: no field may be null, and whole numbers are written as such.
 */
export function readJson(shape: MessageShape, bytes: Uint8Array): Message {
  const path = new FieldPath();
  if (!isUtf8(bytes)) throw path.invalid(RULE.unicode);
  const text = asBuffer(bytes).toString();
  return new JsonReader(new JsonCursor(text), path).whole(shape);
}

class JsonReader {
  readonly #cursor: JsonCursor;
  readonly #path: FieldPath;

  constructor(cursor: JsonCursor, path: FieldPath) {
    this.#cursor = cursor;
    this.#path = path;
  }

  whole(shape: MessageShape): Message {
    const start = this.#cursor.start();
    if (start === undefined) this.#malformed();
    if (start !== '{') throw this.#path.invalid(`must be a ${shape.typeName}`);
    const message = this.#message(shape);
    return this.#cursor.isDone() ? message : this.#malformed();
  }

  #message(shape: MessageShape): Message {
    const message = shape.empty();
    let seen = 0;
    this.#members((name) => {
      const field = shape.byName.get(name);
      if (field === undefined) throw this.#path.unknown(name, shape.typeName);
      if ((seen & field.bit) !== 0) this.#refuse(field, field.again);
      seen |= field.bit;
      this.#read(message, field);
    });
    return message;
  }

  #read(message: Draft, field: Field): void {
    if (field.repeats === 'list') this.#list(message[field.local] as unknown[], field);
    else if (field.repeats === 'map')
      this.#map(message[field.local] as Record<string, string>, field);
    else if (field.oneof === undefined) message[field.local] = this.#value(field);
    else message[field.oneof] = { case: field.local, value: this.#value(field) };
  }

  /** Calls back with the name of each member of an object, in front of its value. */
  #members(read: (name: string) => void): void {
    this.#cursor.take('{');
    if (this.#cursor.take('}')) return;
    do {
      const name = this.#cursor.string();
      if (name === undefined || !this.#cursor.take(':')) this.#malformed();
      read(name);
    } while (this.#cursor.take(','));
    if (!this.#cursor.take('}')) this.#malformed();
  }

  #list(list: unknown[], field: Field): void {
    this.#expect('[', field, RULE.list);
    this.#cursor.take('[');
    if (this.#cursor.take(']')) return;
    do {
      if (list.length >= field.most) this.#refuse(field, atMost(field.most));
      this.#path.item(list.length);
      list.push(this.#value(field));
      this.#path.noItem();
    } while (this.#cursor.take(','));
    if (!this.#cursor.take(']')) this.#malformed();
  }

  #map(map: Record<string, string>, field: Field): void {
    this.#expect('{', field, RULE.map);
    let size = 0;
    this.#members((name) => {
      if (Object.hasOwn(map, name)) this.#refuse(field, RULE.once);
      if (size >= field.most) this.#refuse(field, atMost(field.most));
      size += 1;
      if (!name.isWellFormed()) this.#refuse(field, RULE.unicode);
      setOwn(map, name, this.#text(field));
    });
  }

  #value(field: Field): unknown {
    switch (field.kind) {
      case 'message':
        return this.#nested(field);
      case 'struct':
        this.#expect('{', field);
        return readJsonObject(this.#cursor, (rule) => this.#refuse(field, rule));
      case 'duration':
        return durationOf(this.#text(field)) ?? this.#refuse(field, field.rule);
      case 'timestamp':
        return timestampOf(this.#text(field)) ?? this.#refuse(field, field.rule);
      case 'bool':
        return this.#bool(field);
      case 'string':
        return this.#text(field);
      default:
        return this.#integer(field);
    }
  }

  #nested(field: Field): Message {
    this.#expect('{', field);
    this.#path.enter(field.name);
    const message = this.#message(field.shape as MessageShape);
    this.#path.leave();
    return message;
  }

  #text(field: Field): string {
    this.#expect('"', field);
    const text = this.#cursor.string() ?? this.#malformed();
    return text.isWellFormed() ? text : this.#refuse(field, RULE.unicode);
  }

  #bool(field: Field): boolean {
    if (this.#cursor.start() === 'true') return this.#cursor.word('true') || this.#malformed();
    this.#expect('false', field);
    return this.#cursor.word('false') ? false : this.#malformed();
  }

  /** A number, or a string of one; of an enum's value it may be the name. */
  #integer(field: Field): unknown {
    const isText = this.#cursor.start() === '"';
    if (!isText) this.#expect('number', field);
    const text = (isText ? this.#cursor.string() : this.#cursor.number()) ?? this.#malformed();
    if (isText && field.values !== undefined)
      return field.values.get(text) ?? this.#refuse(field, field.rule);
    const value = INTEGER.test(text) ? field.integer?.(BigInt(text)) : undefined;
    return value ?? this.#refuse(field, field.rule);
  }

  #expect(start: JsonStart, field: Field, rule = field.rule): void {
    const found = this.#cursor.start();
    if (found === undefined) this.#malformed();
    if (found !== start) this.#refuse(field, rule);
  }

  #malformed(): never {
    throw this.#path.invalid(RULE.wellFormed);
  }

  #refuse(field: Field, rule: string): never {
    throw this.#path.invalid(rule, field.name);
  }
}
