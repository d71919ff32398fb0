import type { ClientMetadata as ClientMetadataMessage } from '@signum/contract/signum/v1/token_pb.js';
import { invalidField } from '../../domain/errors.ts';
import type { ClientMetadata } from '../../domain/session.ts';

/** The most that all of it may take, in bytes. */
export const MAX_CLIENT_METADATA_BYTES = 4_096;

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
