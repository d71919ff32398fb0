import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * Holds a value that must not be seen: printing, logging, serialising or inspecting it gives
 * `[redacted]`. Whoever needs the value says so by calling `reveal`.
 */
export class Secret<T extends string | Uint8Array = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
