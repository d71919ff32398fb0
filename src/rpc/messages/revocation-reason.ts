import { RevocationReason as Wire } from '@signum/contract/signum/v1/token_pb.js';
import type { RevocationReason } from '../../domain/session.ts';

/** Why a caller revokes: ADMIN when it says so, else LOGOUT. Others have been refused before. */
export function toRevocationReason(wire: Wire): RevocationReason {
  return wire === Wire.ADMIN ? 'ADMIN' : 'LOGOUT';
}

export function fromRevocationReason(reason: RevocationReason | undefined): Wire {
  return reason === undefined ? Wire.UNSPECIFIED : Wire[reason];
}
