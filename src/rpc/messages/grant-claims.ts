import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { Session as SessionMessage } from '@signum/contract/signum/v1/token_pb.js';
import type {
  IssueRequest,
  ValidateResponse,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { GrantClaims } from '@signum/token';
import { invalidField } from '../../domain/errors.ts';
import { fromConfirmation, toConfirmation, toTimestamp } from './values.ts';

/** The fields of a message that tell what tokens say. */
export type ClaimFields = Pick<
  ValidateResponse | SessionMessage,
  'scopes' | 'audiences' | 'claims' | 'clientId' | 'confirmation' | 'authTime' | 'acr' | 'amr'
>;

export function toGrantClaims(request: IssueRequest): GrantClaims {
  return {
    scopes: request.scopes,
    audiences: request.audiences,
    claims: request.claims ?? {},
    clientId: request.clientId || undefined,
    confirmation: toConfirmation(request.confirmation),
    ...(request.authTime && { authTime: toAuthTime(request.authTime) }),
    ...(request.acr !== '' && { acr: request.acr }),
    ...(request.amr.length > 0 && { amr: request.amr }),
  };
}

/** What tokens say, for Session and ValidateResponse. */
export function fromGrantClaims(grant: GrantClaims): ClaimFields {
  const { confirmation, authTime } = grant;
  const fields: ClaimFields = {
    scopes: grant.scopes as string[],
    audiences: grant.audiences as string[],
    claims: grant.claims,
    clientId: grant.clientId ?? '',
    acr: grant.acr ?? '',
    amr: (grant.amr ?? []) as string[],
  };
  if (confirmation !== undefined) fields.confirmation = fromConfirmation(confirmation);
  if (authTime !== undefined) fields.authTime = toTimestamp(authTime * 1_000);
  return fields;
}

/** Of a token of which nothing is told. */
export function noClaimFields(): ClaimFields {
  return { scopes: [], audiences: [], clientId: '', acr: '', amr: [] };
}

/** Whole seconds since the epoch; a fraction is left out. */
function toAuthTime({ seconds }: Timestamp): number {
  if (seconds >= 0n) return Number(seconds);
  throw invalidField('auth_time', 'must not be before 1970');
}
