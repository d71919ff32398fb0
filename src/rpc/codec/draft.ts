import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import type { TokenRef } from '@signum/contract/signum/v1/token_pb.js';
import type { ValidateRequest } from '@signum/contract/signum/v1/token_service_pb.js';
import { invalidField, type SignumError } from '../../domain/errors.ts';

/** A message as its fields are read into it. */
export type Draft = Message & Record<string, unknown>;

/** A name that an error may say back to the client that has sent it. */
const HARMLESS_NAME = /^[\w$.-]{1,64}$/;
const NO_ITEM = -1;

/** Shared, as it is replaced and not changed. */
const NONE = { case: undefined };

/**
 * Written down, because an object of a known form is made in a tenth of the time; the types see to it
 * that no field is forgotten.
 */
const WRITTEN_DOWN: Readonly<Record<string, () => Message>> = {
  'signum.v1.ValidateRequest': (): ValidateRequest => ({
    $typeName: 'signum.v1.ValidateRequest',
    subject: NONE,
    requiredScopes: [],
    audience: '',
    minRevision: 0n,
    acrValues: [],
  }),
  'signum.v1.TokenRef': (): TokenRef => ({
    $typeName: 'signum.v1.TokenRef',
    tenantId: '',
    userId: '',
    deviceId: '',
    tokenId: '',
  }),
};

/** Makes messages without any field set, as `create` does. */
export function emptyOf(desc: DescMessage): () => Draft {
  const writtenDown = WRITTEN_DOWN[desc.typeName];
  if (writtenDown !== undefined) return writtenDown as () => Draft;
  const template = create(desc) as Draft;
  const own = desc.fields.filter(({ fieldKind }) => fieldKind === 'list' || fieldKind === 'map');
  return () => {
    const message = { ...template };
    for (const { localName, fieldKind } of own) message[localName] = fieldKind === 'list' ? [] : {};
    return message;
  };
}

/** Sets a property of the object itself, whatever a client has called it: `__proto__` is no name. */
export function setOwn<V>(object: Record<string, V>, name: string, value: V): void {
  if (name !== '__proto__') object[name] = value;
  else {
    const own = { value, configurable: true, enumerable: true, writable: true };
    Object.defineProperty(object, name, own);
  }
}

/** A field whose message is being read. */
interface Step {
  readonly name: string;
  readonly item: number;
  readonly outer: Step | undefined;
}

/** Where in a message a reader is, for its errors. Lists of steps would take a tenth of the reading. */
export class FieldPath {
  #inner: Step | undefined;
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
    this.#inner = { name, item: this.#item, outer: this.#inner };
    this.#item = NO_ITEM;
  }

  leave(): void {
    this.#inner = this.#inner?.outer;
  }

  /** INVALID_FIELD of a field of the message that is being read; without a name, of that message. */
  invalid(rule: string, name?: string): SignumError {
    const steps = name === undefined ? [] : [stepText(name, this.#item)];
    for (let step = this.#inner; step !== undefined; step = step.outer) {
      steps.unshift(stepText(step.name, step.item));
    }
    return invalidField(steps.join('.') || 'message', rule);
  }

  /** Of a field that the contract has not, under the name that it was sent with. */
  unknown(name: string, typeName: string): SignumError {
    if (HARMLESS_NAME.test(name)) return this.invalid(`is no field of ${typeName}`, name);
    return this.invalid(`must hold nothing but the fields of ${typeName}`);
  }
}

function stepText(name: string, item: number): string {
  return item === NO_ITEM ? name : `${name}[${item}]`;
}
