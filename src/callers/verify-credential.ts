import { createHash, timingSafeEqual } from 'node:crypto';
import { ANONYMOUS, type Caller } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import type { RootSecrets } from '../domain/root-secret.ts';
import type { Secret } from '../domain/secret.ts';
import { hashSecret, parseApiKey, secretMatches } from './api-key.ts';
import type { KnownCaller } from './caller-index.ts';
import { isLive } from './caller-record.ts';
import type { CallerRegistry } from './registry.ts';

/**
 * RFC 6750 section 2.1, RFC 9449 section 7.1; the scheme's case does not matter (RFC 9110 section
 * 11.1).
 */
const BEARER = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i;
const MAX_HEADER_LENGTH = 8_192;

/** What an `authorization` header says. @throws CREDENTIAL_INVALID if it is of no scheme known here. */
export function readAuthorization(header: string): { isBound: boolean; text: string } {
  if (header.length > MAX_HEADER_LENGTH) return invalid();
  const [, scheme = '', text] = BEARER.exec(header) ?? [];
  return text === undefined ? invalid() : { isBound: scheme.length === 4, text };
}

export interface ApiKeyDeps {
  readonly registry: Pick<CallerRegistry, 'findKey' | 'noteUse'>;
  readonly secrets: Pick<RootSecrets, 'current' | 'find'>;
}

/** The caller whose API key this is. @throws CREDENTIAL_INVALID if it is nobody's now. */
export function verifyApiKey({ registry, secrets }: ApiKeyDeps, text: string, nowMs: number) {
  const presented = parseApiKey(text) ?? invalid();
  const known = registry.findKey(presented.keyId) ?? invalid();
  const root = secrets.find(known.key.pepperId) ?? invalid();
  if (!secretMatches(root, presented.secret, known.key)) return invalid();
  if (known.disabled || !isLive(known.key, nowMs)) return invalid();
  // While the secret is at hand: a key hashed under an old pepper moves to the current one, so that
  // the old root secret can be taken away without new keys for everybody.
  const { current } = secrets;
  const rehashed =
    root.id === current.id
      ? undefined
      : { pepperId: current.id, hash: hashSecret(current, presented.secret) };
  registry.noteUse({ keyId: presented.keyId, rehashed });
  return { caller: known.caller, expiresAtMs: known.key.expiresAtMs };
}

/** The caller that a certificate with these names stands for: nobody, if it is none's. */
export function byCertificate(
  registry: Pick<CallerRegistry, 'findCertificate'>,
  certificateNames: readonly string[],
): Caller {
  let found: KnownCaller | undefined;
  for (const name of certificateNames) {
    const known = registry.findCertificate(name);
    if (known === undefined) continue;
    // A certificate with the names of two callers does not say which of them this is.
    if (found !== undefined && found.caller.name !== known.caller.name) return invalid();
    found = known;
  }
  if (found === undefined) return ANONYMOUS;
  return found.disabled ? invalid() : found.caller;
}

/** Compares digests, so that neither content nor length of the key shows in the time it takes. */
export function createAdminCheck(adminKey: Secret | undefined): (text: string) => boolean {
  if (adminKey === undefined) return () => false;
  const expected = sha256(adminKey.reveal());
  return (text) => timingSafeEqual(sha256(text), expected);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Of whatever is wrong with a credential, nothing is told. */
export function invalid(): never {
  throw new SignumError('CREDENTIAL_INVALID', 'the credential is not good');
}
