import { createHash, timingSafeEqual } from 'node:crypto';
import type { Deadline } from '../domain/call.ts';
import {
  ANONYMOUS,
  type Caller,
  PERMISSIONS,
  type ServiceCaller,
  type UserCaller,
} from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import { type KeyProof, NO_PROOF } from '../domain/key-proof.ts';
import type { RootSecrets } from '../domain/root-secret.ts';
import type { Secret } from '../domain/secret.ts';
import { API_KEY_PREFIX, hashSecret, parseApiKey, secretMatches } from './api-key.ts';
import type { KnownCaller } from './caller-index.ts';
import { isLive } from './caller-record.ts';
import type { CheckAssertion } from './client-assertion.ts';
import { createCredentialCache } from './credential-cache.ts';
import type { CallerRegistry } from './registry.ts';

/** What a call presents. */
export interface Credentials {
  /** The `authorization` header as sent. */
  readonly authorization?: string | undefined;
  /** The caller's name, if it says that too: it must be its own. */
  readonly clientId?: string | undefined;
  /** A client assertion (RFC 7523 section 2.2) that it sends instead of a header. */
  readonly assertion?: string | undefined;
  /** `URI:…` and `DNS:…` names of a client certificate that TLS has verified. */
  readonly certificateNames: readonly string[];
}

/** The call, as far as it shows more than credentials. */
export interface Presenting extends Deadline {
  /** What the client has shown of the key that its token is bound to. */
  readonly shown: KeyProof;
  /** Whether that was looked at when the call began: a proof is good once, and a stream goes on. */
  readonly isProven?: boolean | undefined;
}

export interface AuthenticatorDeps {
  readonly registry: Pick<CallerRegistry, 'epoch' | 'findKey' | 'findCertificate' | 'noteUse'>;
  readonly secrets: Pick<RootSecrets, 'current' | 'find'>;
  /** API key of a caller that may do everything, from the configuration. */
  readonly adminKey?: Secret | undefined;
  /** The user whose active access token this is; undefined if it is not one. */
  readonly validateUserToken: (
    token: string,
    proof: KeyProof | 'LEFT_TO_CALLER',
  ) => Promise<UserCaller | undefined>;
  readonly checkAssertion: CheckAssertion;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
}

/**
 * Finds out who calls. A key wins over a certificate presented with it. A certificate that is no
 * caller's proves nothing: in a mesh everything has one.
 * @throws CREDENTIAL_INVALID for a credential that is not good, whatever is wrong with it.
 */
export type Authenticate = (
  credentials: Credentials,
  call?: Presenting,
) => Caller | Promise<Caller>;

/** The caller that the configured admin key stands for. */
export const ADMIN: ServiceCaller = {
  kind: 'service',
  name: 'admin',
  permissions: new Set(PERMISSIONS),
  tenants: '*',
};

/**
 * RFC 6750 section 2.1, RFC 9449 section 7.1; the scheme's case does not matter (RFC 9110 section
 * 11.1).
 */
const BEARER = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i;
const MAX_HEADER_LENGTH = 8_192;

/** Creates the authenticator. With a key or a certificate it answers synchronously. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticate {
  const { registry, validateUserToken, now = Date.now } = deps;
  const cache = createCredentialCache({ registry, now });
  const isAdminKey = createAdminCheck(deps.adminKey);

  const byKey = (header: string, text: string): ServiceCaller => {
    if (isAdminKey(text)) {
      cache.set(header, ADMIN, undefined);
      return ADMIN;
    }
    const { caller, expiresAtMs } = verifyApiKey(deps, text, now());
    cache.set(header, caller, expiresAtMs);
    return caller;
  };

  const identify: Authenticate = ({ authorization, certificateNames }, call) => {
    if (authorization === undefined) return byCertificate(registry, certificateNames);
    const cached = cache.get(authorization);
    if (cached) return cached;
    const { isBound, text } = readAuthorization(authorization);
    if (text.startsWith(API_KEY_PREFIX)) return isBound ? invalid() : byKey(authorization, text);
    if (call?.isProven) {
      return validateUserToken(text, 'LEFT_TO_CALLER').then((user) => user ?? invalid());
    }
    const shown = call?.shown ?? NO_PROOF;
    // A proof goes with the scheme DPoP and with no other (RFC 9449 section 7.2).
    const proof = { ...shown, dpop: isBound ? (shown.dpop ?? '') : undefined };
    return validateUserToken(text, proof).then((user) => user ?? invalid());
  };
  return (credentials, call) => {
    const { clientId, assertion } = credentials;
    if (assertion !== undefined) {
      // No call that carries one is without a deadline.
      if (call === undefined) return invalid();
      return deps.checkAssertion(assertion, clientId, call);
    }
    if (clientId === undefined) return identify(credentials, call);
    const { authorization = '' } = credentials;
    const caller = readAuthorization(authorization).text.startsWith(API_KEY_PREFIX)
      ? identify(credentials, call)
      : invalid();
    return 'name' in caller && caller.name === clientId ? caller : invalid();
  };
}

function readAuthorization(header: string): { isBound: boolean; text: string } {
  if (header.length > MAX_HEADER_LENGTH) return invalid();
  const [, scheme = '', text] = BEARER.exec(header) ?? [];
  return text === undefined ? invalid() : { isBound: scheme.length === 4, text };
}

function verifyApiKey(
  { registry, secrets }: Pick<AuthenticatorDeps, 'registry' | 'secrets'>,
  text: string,
  nowMs: number,
) {
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

function byCertificate(
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
function createAdminCheck(adminKey: Secret | undefined): (text: string) => boolean {
  if (adminKey === undefined) return () => false;
  const expected = sha256(adminKey.reveal());
  return (text) => timingSafeEqual(sha256(text), expected);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function invalid(): never {
  throw new SignumError('CREDENTIAL_INVALID', 'the credential is not good');
}
