import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import type { TokenRef } from '@signum/contract/signum/v1/token_pb.js';
import type { ValidateRequest } from '@signum/contract/signum/v1/token_service_pb.js';

/** A message as its fields are read into it. */
export type Draft = Message & Record<string, unknown>;

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
