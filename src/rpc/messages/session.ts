import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type ClientMetadata as ClientMetadataMessage,
  ClientMetadataSchema,
  type Session as SessionMessage,
  SessionSchema,
} from '@signum/contract/signum/v1/token_pb.js';
import type { ClientMetadata, Session } from '../../domain/session.ts';
import { fromGrantClaims } from './grant-claims.ts';

export function fromSession(session: Session): SessionMessage {
  return create(SessionSchema, {
    sessionId: session.sessionId,
    device: { ...session.device },
    tokenId: session.tokenId,
    generation: session.generation,
    createTime: timestampFromMs(session.createdAtMs),
    issueTime: timestampFromMs(session.issuedAtMs),
    accessExpireTime: timestampFromMs(session.accessExpiresAtMs),
    refreshExpireTime: timestampFromMs(session.refreshExpiresAtMs),
    absoluteExpireTime: timestampFromMs(session.absoluteExpiresAtMs),
    ...fromGrantClaims(session),
    metadata: fromClientMetadata(session.metadata),
    keyId: session.keyId,
    revision: BigInt(session.revision),
  });
}

function fromClientMetadata(metadata: ClientMetadata): ClientMetadataMessage {
  const { ip = '', userAgent = '', label = '', attributes = {} } = metadata;
  return create(ClientMetadataSchema, { ip, userAgent, label, attributes: { ...attributes } });
}
