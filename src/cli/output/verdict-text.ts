import { RevocationReason, RevocationReasonSchema } from '@signum/contract/signum/v1/token_pb.js';
import {
  type ValidateResponse,
  Verdict,
  VerdictSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { enumName } from './enum-name.ts';

type Answer = Pick<ValidateResponse, 'verdict' | 'revocationReason'>;

/** `ACTIVE`, `REVOKED (LOGOUT)`; the reason is left out where the verdict says the same. */
export function verdictText({ verdict, revocationReason }: Answer): string {
  const name = enumName(VerdictSchema, verdict);
  if (verdict !== Verdict.REVOKED || revocationReason === RevocationReason.UNSPECIFIED) return name;
  return `${name} (${enumName(RevocationReasonSchema, revocationReason)})`;
}
