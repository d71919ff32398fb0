import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { invalidField } from '../../domain/errors.ts';
import type { Validation } from '../../domain/verdict.ts';
import { TokenRefSchema } from '../../gen/signum/v1/token_pb.js';
import {
  type ValidateRequest,
  type ValidateResponse,
  ValidateResponseSchema,
  ValidationSource,
  Verdict,
} from '../../gen/signum/v1/token_service_pb.js';
import type { ValidateInput } from '../../tokens/tokens.ts';
import { toTokenRef } from './ids.ts';
import { fromRevocationReason } from './revocation-reason.ts';

/** Revisions are counted from 0 by ones: one that no double can hold has never been given out. */
const MAX_REVISION = BigInt(Number.MAX_SAFE_INTEGER);

export function toValidateInput(request: ValidateRequest): ValidateInput {
  const { requiredScopes, audience, minRevision } = request;
  if (minRevision > MAX_REVISION) throw invalidField('min_revision', 'is no revision of Signum');
  return { subject: subject(request), requiredScopes, audience, minRevision: Number(minRevision) };
}

function subject({ subject }: ValidateRequest): ValidateInput['subject'] {
  switch (subject.case) {
    case 'token':
      return { token: subject.value };
    case 'ids':
      return { ids: toTokenRef('ids', subject.value) };
    default:
      throw invalidField('subject', 'exactly one field is required in oneof');
  }
}

export function fromValidation(validation: Validation): ValidateResponse {
  const response = create(ValidateResponseSchema);
  response.active = validation.verdict === 'ACTIVE';
  response.verdict = Verdict[validation.verdict];
  response.revocationReason = fromRevocationReason(validation.revocationReason);
  response.source = ValidationSource[validation.source];
  response.revision = BigInt(validation.revision);
  const { token } = validation;
  if (token === undefined) return response;
  const ref = create(TokenRefSchema);
  ref.tenantId = token.ref.tenantId;
  ref.userId = token.ref.userId;
  ref.deviceId = token.ref.deviceId;
  ref.tokenId = token.ref.tokenId;
  response.token = ref;
  response.sessionId = token.sessionId;
  response.scopes = token.scopes as string[];
  response.audiences = token.audiences as string[];
  response.issueTime = timestampFromMs(token.issuedAtMs);
  response.expireTime = timestampFromMs(token.expiresAtMs);
  response.claims = token.claims;
  return response;
}
