import { type UnverifiedAccess, writeGrantClaims } from '@signum/token';
import { invalidField, SignumError } from '../domain/errors.ts';
import { type KeyProof, NO_PROOF } from '../domain/key-proof.ts';
import type {
  ActiveToken,
  AuthenticationRequirement,
  TokenFault,
  ValidateInput,
  Validation,
} from '../domain/verdict.ts';
import type { AdmittedCall } from '../policy/access.ts';
import { type LookUp, validate as lookUp } from '../store/sessions/validate.ts';
import type { TokenDeps } from './deps.ts';
import { nonceFor, proveKey } from './prove.ts';

type Active = Extract<LookUp, { readonly status: 'ACTIVE' }>;

/**
 * Says whether a token is good right now, and counts the verdict. Nothing but a positive look-up
 * makes a token ACTIVE.
 */
export function validate(
  deps: TokenDeps,
  call: AdmittedCall,
  input: ValidateInput,
): Promise<Validation> {
  const { subject } = input;
  const proof = input.proof === 'LEFT_TO_CALLER' ? undefined : input.proof;
  if ('ids' in subject && proof?.dpop !== undefined) {
    return Promise.reject(invalidField('proof.dpop', 'must come with the token that it is about'));
  }
  const validated =
    'ids' in subject
      ? lookUp(deps.store, subject.ids, call, kindOf(input)).then((found) =>
          judgeByIds(deps, found, input),
        )
      : validateToken(deps, call, subject.token, input);
  return validated.then((validation) => {
    const { token } = validation;
    const isBound = token?.confirmation !== undefined || (token && proof?.dpop !== undefined);
    if (isBound && input.proof !== 'LEFT_TO_CALLER') {
      return proven(deps, call, validation, token, { subject, proof });
    }
    deps.onVerdict(validation.verdict);
    return validation;
  });
}

function kindOf({ inBatch }: ValidateInput): 'batch' | 'read' {
  return inBatch === true ? 'batch' : 'read';
}

/** The verdict on a token that is bound to a key, or that a proof of a key came with. */
async function proven(
  deps: TokenDeps,
  call: AdmittedCall,
  validation: Validation,
  { ref, confirmation }: ActiveToken,
  { subject, proof = NO_PROOF }: { subject: ValidateInput['subject']; proof: KeyProof | undefined },
): Promise<Validation> {
  const accessToken = 'token' in subject ? subject.token : undefined;
  const bound = { device: ref, confirmation, accessToken };
  const fault = await proveKey(deps, bound, proof, call);
  const { source, revision } = validation;
  const nonce = fault && nonceFor(deps, fault);
  const judged = fault ? { verdict: fault, source, revision, nonce } : validation;
  deps.onVerdict(judged.verdict);
  return judged;
}

async function validateToken(
  deps: TokenDeps,
  call: AdmittedCall,
  token: string,
  input: ValidateInput,
): Promise<Validation> {
  const read = deps.signing.readAccess(token);
  if (typeof read === 'string') return decidedByToken(read);
  const { device, tokenId } = read.claims;
  call.authoriseToken(device);

  const { tenantId, userId, deviceId } = device;
  const found = await lookUp(
    deps.store,
    { tenantId, userId, deviceId, tokenId },
    call,
    kindOf(input),
  );
  if (isAsIssued(deps, token, read.keyId, found)) {
    // What Signum has issued counts no longer than the key that signed it.
    if (deps.signing.holdsKey(read.keyId)) return judge(deps, found, input);
    if (found.status === 'REVOKED') return judge(deps, found, input);
  }
  // A forged token learns nothing of the session that it names, not even that there is one.
  const genuine = await deps.signing.verifyAccess(token, read);
  return genuine
    ? judge(deps, saysTheSame(read, found) ? found : unknown(found), input)
    : decidedByToken('BAD_SIGNATURE');
}

/** The caller has seen to the signature, and cannot know that its key is not in the ring any more. */
function judgeByIds(
  deps: TokenDeps,
  found: LookUp,
  input: ValidateInput,
): Validation | Promise<Validation> {
  if (!isOurs(deps, found) || found.status !== 'ACTIVE' || deps.signing.holdsKey(found.keyId)) {
    return judge(deps, found, input);
  }
  return deps.signing.findsKey(found.keyId).then((held) => {
    if (held) return judge(deps, found, input);
    requireRevision(found, input.minRevision);
    return { verdict: 'BAD_SIGNATURE', source: 'STORE', revision: found.revision };
  });
}

/**
 * Whether a token of which only the signature is known to be right says what the store holds of the
 * active one. Otherwise whoever else holds the key could give a live token other rights or times.
 */
function saysTheSame({ claims, keyId }: UnverifiedAccess, found: LookUp): boolean {
  if (found.status !== 'ACTIVE') return true;
  const { token } = found;
  return (
    keyId === found.keyId &&
    claims.sessionId === token.sessionId &&
    claims.issuedAtS * 1_000 === token.issuedAtMs &&
    claims.expiresAtS * 1_000 === token.expiresAtMs &&
    claims.notBeforeS === undefined &&
    isSame(claims.audiences, token.audiences) &&
    isSame(writeGrantClaims(claims), writeGrantClaims(token))
  );
}

function isSame(claim: unknown, stored: unknown): boolean {
  return JSON.stringify(claim) === JSON.stringify(stored);
}

/** What is found when no such token is active. */
function unknown({ revision, fingerprint }: LookUp): LookUp {
  return { status: 'UNKNOWN', revision, fingerprint };
}

/** Whether it hashes to the fingerprint that was noted when Signum signed it. */
function isAsIssued(
  { signing }: TokenDeps,
  token: string,
  keyId: string,
  { fingerprint }: LookUp,
): boolean {
  return fingerprint !== '' && fingerprint === signing.fingerprint(token, keyId);
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

/** Whether what lives there, if anything does, was issued by the issuer that this server is. */
function isOurs({ store }: TokenDeps, found: LookUp): boolean {
  return found.status !== 'ACTIVE' || found.issuer === store.issuer.tag;
}

function judge(deps: TokenDeps, found: LookUp, input: ValidateInput): Validation {
  requireRevision(found, input.minRevision);
  const { revision } = found;
  switch (found.status) {
    case 'ACTIVE': {
      if (!isOurs(deps, found)) return { verdict: 'WRONG_ISSUER', source: 'STORE', revision };
      const { token } = found;
      const verdict = judgeRequirements(found, deps.policy.audiences, input);
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

function judgeRequirements(
  { token, nowMs }: Active,
  allowed: readonly string[],
  { audiences, requiredScopes, authentication }: ValidateInput,
) {
  if (!namesAudiences(token.audiences, allowed, audiences)) return 'WRONG_AUDIENCE';
  if (!requiredScopes.every((scope) => token.scopes.includes(scope))) return 'INSUFFICIENT_SCOPE';
  return authentication === undefined || isMet(authentication, token, nowMs)
    ? 'ACTIVE'
    : 'INSUFFICIENT_AUTHENTICATION';
}

/** Ages are compared in whole seconds, as instants are told in tokens. */
function isMet(
  { acrValues, maxAgeS }: AuthenticationRequirement,
  { acr, authTime }: ActiveToken,
  nowMs: number,
): boolean {
  if (acrValues !== undefined && (acr === undefined || !acrValues.includes(acr))) return false;
  if (maxAgeS === undefined) return true;
  return authTime !== undefined && Math.floor(nowMs / 1_000) - authTime <= maxAgeS;
}

/** Whether a token names all wanted audiences, or any; one that the deployment has lost is none. */
function namesAudiences(
  audiences: readonly string[],
  allowed: readonly string[],
  wanted: readonly string[],
): boolean {
  for (const audience of wanted) {
    if (!audiences.includes(audience) || !allowed.includes(audience)) return false;
  }
  if (wanted.length > 0) return true;
  for (const audience of audiences) {
    if (allowed.includes(audience)) return true;
  }
  return false;
}
