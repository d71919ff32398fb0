import { create } from '@bufbuild/protobuf';
import {
  type Confirmation as ConfirmationMessage,
  ConfirmationSchema,
  type KeyProof as KeyProofMessage,
} from '@signum/contract/signum/v1/token_pb.js';
import type { Confirmation } from '@signum/token';
import type { Call } from '../../domain/call.ts';
import { invalidField } from '../../domain/errors.ts';
import type { KeyProof } from '../../domain/key-proof.ts';

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
