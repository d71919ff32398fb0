import { create } from '@bufbuild/protobuf';
import {
  type Duration,
  durationFromMs,
  type Timestamp,
  timestampFromMs,
} from '@bufbuild/protobuf/wkt';
import {
  type ClientMetadata as ClientMetadataMessage,
  type Confirmation as ConfirmationMessage,
  ConfirmationSchema,
  type DeviceRef as DeviceRefMessage,
  type Durability as DurabilityMessage,
  Fence,
  type FenceReached as FenceReachedMessage,
  FenceReachedSchema,
  type KeyProof as KeyProofMessage,
  type TokenRef as TokenRefMessage,
  RevocationReason as Wire,
} from '@signum/contract/signum/v1/token_pb.js';
import { type Confirmation, type DeviceRef, isId, isUuid, type TokenRef } from '@signum/token';
import type { Call } from '../../domain/call.ts';
import { invalidField } from '../../domain/errors.ts';
import type { KeyProof } from '../../domain/key-proof.ts';
import type {
  ClientMetadata,
  Durability,
  FenceReached,
  FenceWanted,
  RevocationReason,
} from '../../domain/session.ts';

/** A Timestamp under its name, or nothing for an instant that is not known. */
export function optionalTime<Name extends string>(
  name: Name,
  ms: number | undefined,
): { readonly [N in Name]?: Timestamp } {
  if (ms === undefined) return {};
  return { [name]: timestampFromMs(ms) } as { readonly [N in Name]: Timestamp };
}

/** What timestampFromMs of protobuf-es makes, in a third of the time. */
export function toTimestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1_000);
  const nanos = (ms - seconds * 1_000) * 1_000_000;
  return { $typeName: 'google.protobuf.Timestamp', seconds: BigInt(seconds), nanos };
}

/** A lifetime in milliseconds, absent if it is absent. Lifetimes are whole seconds. */
export function toWholeSecondsMs(
  field: string,
  duration: Duration | undefined,
): number | undefined {
  if (duration === undefined) return undefined;
  if (duration.nanos !== 0) throw invalidField(field, 'must be whole seconds');
  const ms = Number(duration.seconds) * 1_000;
  if (!Number.isSafeInteger(ms)) throw invalidField(field, 'is out of range');
  return ms;
}

/** What durationFromMs of protobuf-es makes of 0 or more milliseconds, in a third of the time. */
export function toDuration(ms: number): Duration {
  const seconds = Math.floor(ms / 1_000);
  const nanos = (ms - seconds * 1_000) * 1_000_000;
  return { $typeName: 'google.protobuf.Duration', seconds: BigInt(seconds), nanos };
}

const ID_RULE = 'must be 1 to 256 bytes of well-formed UTF-8 without control characters';
const UUID_RULE = 'must be a UUID in lower-case hyphenated form';

/**
 * Ids as the domain knows them. The contract's rules have been checked by now, but they cannot say
 * all of it: a UUID has upper-case spellings.
 */
export function toId(field: string, value: string): string {
  if (isId(value)) return value;
  throw invalidField(field, ID_RULE);
}

export function toUuid(field: string, value: string): string {
  if (isUuid(value)) return value;
  throw invalidField(field, UUID_RULE);
}

export function toDeviceRef(field: string, message: DeviceRefMessage | undefined): DeviceRef {
  if (message === undefined) throw invalidField(field, 'value is required');
  return {
    tenantId: toId(`${field}.tenant_id`, message.tenantId),
    userId: toId(`${field}.user_id`, message.userId),
    deviceId: toId(`${field}.device_id`, message.deviceId),
  };
}

export function toTokenRef(field: string, message: TokenRefMessage): TokenRef {
  return {
    tenantId: toId(`${field}.tenant_id`, message.tenantId),
    userId: toId(`${field}.user_id`, message.userId),
    deviceId: toId(`${field}.device_id`, message.deviceId),
    tokenId: toUuid(`${field}.token_id`, message.tokenId),
  };
}

/** The durability asked for; absent means the deployment's default. */
export function toDurability(message: DurabilityMessage | undefined): Durability | undefined {
  return message && { replicas: message.replicas, fsync: message.fsync };
}

/** Why a caller revokes: ADMIN when it says so, else LOGOUT. Others have been refused before. */
export function toRevocationReason(wire: Wire): RevocationReason {
  return wire === Wire.ADMIN ? 'ADMIN' : 'LOGOUT';
}

export function fromRevocationReason(reason: RevocationReason | undefined): Wire {
  return reason === undefined ? Wire.UNSPECIFIED : Wire[reason];
}

const WANTED: { readonly [F in Fence]: FenceWanted | undefined } = {
  [Fence.UNSPECIFIED]: undefined,
  [Fence.NONE]: 'NONE',
  [Fence.EDGES]: 'EDGES',
};

/** The fence asked for; unspecified means the deployment's default. */
export function toFence(fence: Fence): FenceWanted | undefined {
  return WANTED[fence];
}

/** What was reached, as a field of an answer; absent if nothing was waited for. */
export function fromFence(reached: FenceReached | undefined): { fence?: FenceReachedMessage } {
  if (reached === undefined) return {};
  const { confirmed, expired, waitedMs } = reached;
  const waited = durationFromMs(Math.round(waitedMs));
  const message = { edgesConfirmed: confirmed, leasesExpired: expired, waited };
  return { fence: create(FenceReachedSchema, message) };
}

/** The most that all of it may take, in bytes. */
const MAX_CLIENT_METADATA_BYTES = 4_096;

export function toClientMetadata(message: ClientMetadataMessage | undefined): ClientMetadata {
  if (message === undefined) return {};
  const { ip, userAgent, label, attributes } = message;
  const texts = [ip, userAgent, label, ...Object.entries(attributes).flat()];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_CLIENT_METADATA_BYTES) {
    throw invalidField('metadata', `must be at most ${MAX_CLIENT_METADATA_BYTES} bytes in all`);
  }
  return {
    ...(ip !== '' && { ip }),
    ...(userAgent !== '' && { userAgent }),
    ...(label !== '' && { label }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}

/** Undefined for a bearer token. The message keeps its rules: they say what a thumbprint is. */
export function toConfirmation(message: ConfirmationMessage | undefined): Confirmation | undefined {
  const { case: kind, value } = message?.method ?? {};
  if (kind === undefined || value === undefined) return undefined;
  return { method: kind === 'jkt' ? 'jkt' : 'x5t#S256', thumbprint: value };
}

export function fromConfirmation({ method, thumbprint: value }: Confirmation): ConfirmationMessage {
  const kind = method === 'jkt' ? 'jkt' : 'certificateThumbprint';
  return create(ConfirmationSchema, { method: { case: kind, value } });
}

/** What a service has been shown by the client whose token it presents; undefined if it says nothing. */
export function toKeyProof(message: KeyProofMessage | undefined): KeyProof | undefined {
  if (message === undefined) return undefined;
  const { dpop, method, uri, certificateThumbprint } = message;
  return {
    dpop: dpop || undefined,
    method,
    uri,
    certificateThumbprint: certificateThumbprint || undefined,
  };
}

/**
 * What shows that the holder of a presented token holds its key. Only a service is believed when it
 * tells what others have shown: somebody else would tell of a proof that was made for another server.
 */
export function proofOf(call: Call, message: KeyProofMessage | undefined): KeyProof {
  const told = toKeyProof(message);
  if (told === undefined) return call.shown;
  if (call.caller.kind === 'service') return told;
  throw invalidField('proof', 'must be shown in the header DPoP or as a certificate');
}
