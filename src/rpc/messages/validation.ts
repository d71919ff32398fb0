import type { TokenRef as TokenRefMessage } from '@signum/contract/signum/v1/token_pb.js';
import {
  type ValidateRequest,
  type ValidateResponse,
  ValidationSource,
  Verdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { TokenRef } from '@signum/token';
import { invalidField } from '../../domain/errors.ts';
import type { AuthenticationRequirement, ValidateInput, Validation } from '../../domain/verdict.ts';
import { fromGrantClaims, noClaimFields } from './grant-claims.ts';
import {
  fromRevocationReason,
  toKeyProof,
  toTimestamp,
  toUuid,
  toWholeSecondsMs,
} from './values.ts';

/** Revisions are counted from 0 by ones: one that no double can hold has never been given out. */
const MAX_REVISION = BigInt(Number.MAX_SAFE_INTEGER);

const NONE: readonly string[] = [];

/** The request has been checked by the contract's rules. */
export function toValidateInput(request: ValidateRequest, inBatch = false): ValidateInput {
  const { requiredScopes, audience, minRevision } = request;
  if (minRevision > MAX_REVISION) throw invalidField('min_revision', 'is no revision of Signum');
  return {
    subject: subject(request),
    requiredScopes,
    audiences: audience === '' ? NONE : [audience],
    authentication: toAuthenticationRequirement(request),
    minRevision: Number(minRevision),
    inBatch,
    proof: toKeyProof(request.proof),
  };
}

/** RFC 9470 section 4. The rules of the contract say that ages are not negative. */
function toAuthenticationRequirement({
  acrValues,
  maxAge,
}: ValidateRequest): AuthenticationRequirement | undefined {
  if (acrValues.length === 0 && maxAge === undefined) return undefined;
  const maxAgeMs = toWholeSecondsMs('max_age', maxAge);
  return {
    acrValues: acrValues.length === 0 ? undefined : acrValues,
    maxAgeS: maxAgeMs === undefined ? undefined : maxAgeMs / 1_000,
  };
}

function subject({ subject }: ValidateRequest): ValidateInput['subject'] {
  switch (subject.case) {
    case 'token':
      return { token: subject.value };
    case 'ids':
      toUuid('ids.token_id', subject.value.tokenId);
      return { ids: subject.value };
    default:
      throw invalidField('subject', 'exactly one field is required in oneof');
  }
}

function tokenRef({ tenantId, userId, deviceId, tokenId }: TokenRef): TokenRefMessage {
  return { $typeName: 'signum.v1.TokenRef', tenantId, userId, deviceId, tokenId };
}

/**
 * An answer as protobuf-es would create it, but written down: a batch makes hundreds of them, and
 * `create` takes four times as long.
 */
export function fromValidation(validation: Validation): ValidateResponse {
  const { token } = validation;
  const active = validation.verdict === 'ACTIVE';
  const verdict = Verdict[validation.verdict];
  const revocationReason = fromRevocationReason(validation.revocationReason);
  const source = ValidationSource[validation.source];
  const revision = BigInt(validation.revision);
  if (token === undefined) {
    return {
      ...noClaimFields(),
      $typeName: 'signum.v1.ValidateResponse',
      active,
      verdict,
      revocationReason,
      source,
      sessionId: '',
      revision,
      dpopNonce: validation.nonce ?? '',
    };
  }
  return {
    ...fromGrantClaims(token),
    $typeName: 'signum.v1.ValidateResponse',
    active,
    verdict,
    revocationReason,
    source,
    token: tokenRef(token.ref),
    sessionId: token.sessionId,
    issueTime: toTimestamp(token.issuedAtMs),
    expireTime: toTimestamp(token.expiresAtMs),
    revision,
    dpopNonce: '',
  };
}
