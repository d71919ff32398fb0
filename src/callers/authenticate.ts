import type { Deadline } from '../domain/call.ts';
import { type Caller, PERMISSIONS, type ServiceCaller, type UserCaller } from '../domain/caller.ts';
import { type KeyProof, NO_PROOF } from '../domain/key-proof.ts';
import type { RootSecrets } from '../domain/root-secret.ts';
import type { Secret } from '../domain/secret.ts';
import { API_KEY_PREFIX } from './api-key.ts';
import type { CheckAssertion } from './client-assertion.ts';
import type { CallerRegistry } from './registry.ts';
import {
  byCertificate,
  createAdminCheck,
  invalid,
  readAuthorization,
  verifyApiKey,
} from './verify-credential.ts';

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
  const byKeyAlone: Authenticate = (credentials, call) => {
    const { text } = readAuthorization(credentials.authorization ?? '');
    return text.startsWith(API_KEY_PREFIX) ? identify(credentials, call) : invalid();
  };
  return (credentials, call) => {
    const { clientId, assertion } = credentials;
    if (assertion !== undefined) {
      // No call that carries one is without a deadline.
      if (call === undefined) return invalid();
      return deps.checkAssertion(assertion, clientId, call);
    }
    if (clientId === undefined) return identify(credentials, call);
    const caller = cache.get(credentials.authorization ?? '') ?? byKeyAlone(credentials, call);
    return 'name' in caller && caller.name === clientId ? caller : invalid();
  };
}

/** Callers by the `authorization` header that proved who they are. */
interface CredentialCache {
  get(header: string): ServiceCaller | undefined;
  /** Only for headers that were found good. `expiresAtMs`: since the epoch. */
  set(header: string, caller: ServiceCaller, expiresAtMs: number | undefined): void;
}

interface CredentialCacheDeps {
  readonly registry: Pick<CallerRegistry, 'epoch'>;
  readonly now: () => number;
}

interface Entry {
  readonly caller: ServiceCaller;
  readonly expiresAtMs: number;
}

/** How many headers at most. */
const MAX_CREDENTIALS = 4_096;

/**
 * Remembers good credentials for as long as the registry's epoch lasts, so that on the hot path
 * authenticating is one look-up.
 *
 * The key is the header in clear, which is a decision: a digest as the key would have to be computed
 * on every call, and computing it is the very cost that is to be avoided. Nothing is gained by it
 * either: the same bytes are in this process' memory anyway, in the HTTP parser's buffers and HPACK
 * tables of every open connection, and beside them the root secrets. What is done instead: everything
 * is forgotten at every refresh (2 s by default), so an idle caller's key does not linger; bad
 * credentials are never kept; the map is private, bounded and never enumerated. A hit compares
 * hashes that V8 seeds at random before it compares texts, so its timing tells nothing of a key.
 */
function createCredentialCache(deps: CredentialCacheDeps): CredentialCache {
  const { registry, now } = deps;
  let entries = new Map<string, Entry>();
  let epoch = registry.epoch;

  const current = () => {
    if (epoch !== registry.epoch) {
      entries = new Map();
      epoch = registry.epoch;
    }
    return entries;
  };

  return {
    get(header) {
      const entry = current().get(header);
      return entry !== undefined && now() < entry.expiresAtMs ? entry.caller : undefined;
    },
    set(header, caller, expiresAtMs = Number.POSITIVE_INFINITY) {
      const live = current();
      if (live.size >= MAX_CREDENTIALS) live.clear();
      live.set(header, { caller, expiresAtMs });
    },
  };
}
