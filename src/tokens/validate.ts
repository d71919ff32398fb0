import type { Call } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { TokenFault, Validation } from '../domain/verdict.ts';
import { authorise } from '../policy/authorise.ts';
import { type LookUp, validate as lookUp } from '../store/sessions/validate.ts';
import type { TokenDeps } from './deps.ts';
import type { ValidateInput } from './tokens.ts';

/**
 * Says whether a token is good right now, and counts the verdict. Nothing but a positive look-up
 * makes a token ACTIVE.
 */
export function validate(deps: TokenDeps, call: Call, input: ValidateInput): Promise<Validation> {
  const { subject } = input;
  const validated =
    'ids' in subject
      ? lookUp(deps.store, subject.ids, call).then((found) => judge(found, input))
      : validateToken(deps, call, subject.token, input);
  return validated.then((validation) => {
    deps.onVerdict(validation.verdict);
    return validation;
  });
}

async function validateToken(
  deps: TokenDeps,
  call: Call,
  token: string,
  input: ValidateInput,
): Promise<Validation> {
  const read = deps.signing.readAccess(token);
  if (typeof read === 'string') return decidedByToken(read);
  const { device, tokenId } = read.claims;
  authorise(call.caller, 'validate', device);

  const { tenantId, userId, deviceId } = device;
  const found = await lookUp(deps.store, { tenantId, userId, deviceId, tokenId }, call);
  // A forged token learns nothing of the session that it names, not even that there is one.
  const genuine = isAsIssued(deps, token, found) || (await deps.signing.verifyAccess(token, read));
  return genuine ? judge(found, input) : decidedByToken('BAD_SIGNATURE');
}

/** Whether it hashes to the fingerprint that was noted when Signum signed it. */
function isAsIssued({ signing }: TokenDeps, token: string, { fingerprint }: LookUp): boolean {
  return fingerprint !== '' && fingerprint === signing.fingerprint(token);
}

function decidedByToken(verdict: TokenFault): Validation {
  return { verdict, source: 'TOKEN', revision: 0 };
}

function requireRevision(found: LookUp, minRevision: number): void {
  if (found.revision >= minRevision) return;
  throw new SignumError('STALE_REVISION', 'the store is behind min_revision', {
    metadata: { revision: String(found.revision) },
    retryAfterMs: 100,
  });
}

function judge(found: LookUp, input: ValidateInput): Validation {
  requireRevision(found, input.minRevision);
  const { revision } = found;
  switch (found.status) {
    case 'ACTIVE': {
      const { token } = found;
      const verdict = judgeDemands(token.audiences, token.scopes, input);
      return { verdict, source: 'STORE', revision, token };
    }
    case 'REVOKED': {
      const { reason: revocationReason } = found;
      const verdict =
        revocationReason === 'SUPERSEDED' || revocationReason === 'EXPIRED'
          ? revocationReason
          : 'REVOKED';
      return { verdict, revocationReason, source: 'STORE', revision };
    }
    default:
      return { verdict: found.status, source: 'STORE', revision };
  }
}

function judgeDemands(
  audiences: readonly string[],
  scopes: readonly string[],
  input: ValidateInput,
) {
  if (input.audience !== '' && !audiences.includes(input.audience)) return 'WRONG_AUDIENCE';
  return input.requiredScopes.every((scope) => scopes.includes(scope))
    ? 'ACTIVE'
    : 'INSUFFICIENT_SCOPE';
}
