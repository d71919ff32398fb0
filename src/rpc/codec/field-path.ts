import { invalidField, type SignumError } from '../../domain/errors.ts';

/** A name that an error may say back to the client that has sent it. */
const HARMLESS_NAME = /^[\w$.-]{1,64}$/;
const NO_ITEM = -1;

/** Where in a message a reader is, for its errors. */
export class FieldPath {
  readonly #names: string[] = [];
  readonly #items: number[] = [];
  #item = NO_ITEM;

  /** An item of a list is read next, which `noItem` ends. */
  item(index: number): void {
    this.#item = index;
  }

  noItem(): void {
    this.#item = NO_ITEM;
  }

  /** The message in a field, or in the item of a list, is read next. */
  enter(name: string): void {
    this.#names.push(name);
    this.#items.push(this.#item);
    this.#item = NO_ITEM;
  }

  leave(): void {
    this.#names.pop();
    this.#items.pop();
  }

  /** INVALID_FIELD of a field of the message that is being read; without a name, of that message. */
  invalid(rule: string, name?: string): SignumError {
    const names = name === undefined ? this.#names : [...this.#names, name];
    const items = [...this.#items, this.#item];
    const steps = names.map((each, i) => (items[i] === NO_ITEM ? each : `${each}[${items[i]}]`));
    return invalidField(steps.join('.') || 'message', rule);
  }

  /** Of a field that the contract has not, under the name that it was sent with. */
  unknown(name: string, typeName: string): SignumError {
    if (HARMLESS_NAME.test(name)) return this.invalid(`is no field of ${typeName}`, name);
    return this.invalid(`must hold nothing but the fields of ${typeName}`);
  }
}
