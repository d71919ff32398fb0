import type { Session as SessionMessage } from '@signum/contract/signum/v1/token_pb.js';
import type {
  IssueRequest,
  ValidateResponse,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { GrantClaims } from '@signum/token';
import { fromConfirmation, toConfirmation } from './values.ts';

/** The fields of a message that tell what tokens say. */
export type ClaimFields = Pick<
  ValidateResponse | SessionMessage,
  'scopes' | 'audiences' | 'claims' | 'clientId' | 'confirmation'
>;

export function toGrantClaims(request: IssueRequest): GrantClaims {
  return {
    scopes: request.scopes,
    audiences: request.audiences,
    claims: request.claims ?? {},
    clientId: request.clientId || undefined,
    confirmation: toConfirmation(request.confirmation),
  };
}

/** What tokens say, for Session and ValidateResponse. */
export function fromGrantClaims(grant: GrantClaims): ClaimFields {
  const { confirmation } = grant;
  const fields: ClaimFields = {
    scopes: grant.scopes as string[],
    audiences: grant.audiences as string[],
    claims: grant.claims,
    clientId: grant.clientId ?? '',
  };
  if (confirmation !== undefined) fields.confirmation = fromConfirmation(confirmation);
  return fields;
}

/** Of a token of which nothing is told. */
export function noClaimFields(): ClaimFields {
  return { scopes: [], audiences: [], clientId: '' };
}
