import type { Algorithm } from '@signum/token';
import { AccessReader } from '@signum/token';
import { SignumError } from '../domain/errors.ts';
import type { Records } from '../domain/records.ts';
import type { RootSecrets } from '../domain/root-secret.ts';
import type { ExternalSigner } from './keys/external-signer.ts';
import { FileKeys } from './ring/file-keys.ts';
import { KeyRing } from './ring/key-ring.ts';
import type { KeySource } from './ring/key-source.ts';
import type { RingKey } from './ring/ring-key.ts';
import type { SigningEvent } from './ring/signing-event.ts';
import { startPolling } from './ring/start-polling.ts';
import type { Signing } from './signing.ts';
import { createFingerprint, signAccess, verifyAccess } from './tokens/access-tokens.ts';
import { RefreshTokens } from './tokens/refresh-tokens.ts';
import { signIntrospection } from './tokens/sign-introspection.ts';
import type { KeyVaultOptions, UnreadableKey } from './vault/key-vault.ts';
import { ManagedKeys } from './vault/managed-keys.ts';

export interface SigningOptions {
  /** `iss` of every token. */
  readonly issuer: string;
  readonly rootSecrets: RootSecrets;
  readonly keys: FileKeysConfig | ManagedKeysConfig;
  /** Shared by all servers: the managed ring, or the revocations of keys from files. */
  readonly records: Records;
  /** The longest an access token may live, in milliseconds. */
  readonly longestAccessMs: number;
  /** What verifiers' clocks may be off, in milliseconds. */
  readonly clockSkewMs: number;
  /** How often the records are read again, in milliseconds; 0: only on demand. Default 2000. */
  readonly pollMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  readonly onEvent?: (event: SigningEvent) => void;
}

export interface FileKeysConfig {
  readonly kind: 'files';
  /** PEM or JWK set files; the first key that can sign does. */
  readonly paths: readonly string[];
  /** For keys that name no algorithm and whose type it fits. */
  readonly algorithm?: Algorithm | undefined;
  /** Holds the private parts of public keys in the files. */
  readonly signer?: ExternalSigner | undefined;
}

export interface ManagedKeysConfig {
  readonly kind: 'managed';
  readonly algorithm: Algorithm;
  /** How long a key signs before the next is made, in milliseconds. Default 30 days; 0: never. */
  readonly rotationMs?: number;
  /** How long a key is published before it signs, in milliseconds. Default 10 minutes. */
  readonly publishMs?: number;
}

export interface SigningParts {
  readonly signing: Signing;
  readonly ring: KeyRing;
  /** Stops reading the records again. */
  close(): void;
}

const DEFAULT_POLL_MS = 2000;
const DEFAULT_ROTATION_MS = 30 * 24 * 3_600_000;
const DEFAULT_PUBLISH_MS = 600_000;

/**
 * Puts the signing side together and loads the keys. Fails if the records cannot be read or if no key
 * can sign: INVALID_FIELD for a key file, INTERNAL for a stored ring that cannot be opened, otherwise
 * whatever the store failed with.
 */
export async function createSigning(options: SigningOptions): Promise<SigningParts> {
  const { issuer, rootSecrets, now = Date.now, onEvent = () => {} } = options;
  const unreadable: UnreadableKey[] = [];
  const onUnreadable = (key: UnreadableKey) => {
    unreadable.push(key);
    onEvent({ event: 'key_unreadable', ...key });
  };
  const source = await openSource({ ...options, now, onEvent, onUnreadable });
  const ring = new KeyRing({ source, now, onEvent });
  await ring.refresh();
  if (unreadable.length > 0) requireSigner(ring, unreadable);
  ring.current();
  const refreshTokens = new RefreshTokens({ issuer, rootSecrets });
  const accessTokens = new AccessReader(issuer);
  const fingerprint = createFingerprint(rootSecrets.current);
  const signing: Signing = {
    currentKeyId: () => ring.current().keyId,
    dropKey: async (keyId, deadline) => void (await ring.revoke(keyId, deadline)),
    signsWith: (keyId) => ring.find(keyId)?.signer !== undefined,
    holdsKey: (keyId) => ring.find(keyId) !== undefined,
    findsKey: async (keyId) => (await ring.findFresh(keyId)) !== undefined,
    signAccess: async (claims, keyId) => signAccess(claims, issuer, signingKey(ring, keyId)),
    signIntrospection: async (response, audience) =>
      signIntrospection(response, audience, { issuer, key: ring.current(), nowMs: now() }),
    fingerprint: (token, keyId) => {
      const digest = ring.digestOf(keyId);
      return digest === undefined ? '' : fingerprint(token, digest);
    },
    signRefresh: async (claims) => refreshTokens.sign(claims),
    readAccess: (token) => accessTokens.read(token),
    verifyAccess: (token, unverified) => verifyAccess(token, unverified, ring),
    readRefresh: async (token) => refreshTokens.read(token),
    looksLikeRefresh: (token) => refreshTokens.looksLike(token),
  };
  return { signing, ring, close: poll(ring, options.pollMs ?? DEFAULT_POLL_MS, onEvent) };
}

/** Says what is wrong where the ring is there and cannot be opened: most likely the wrong secret. */
function requireSigner(ring: KeyRing, unreadable: readonly UnreadableKey[]): void {
  if (ring.canSign()) return;
  const keyIds = unreadable.map(({ keyId }) => keyId).join(', ');
  const sealedBy = new Set(unreadable.flatMap(({ rootSecretId }) => rootSecretId ?? []));
  throw new SignumError(
    'INTERNAL',
    `the key ring in the store cannot be opened: its keys (${keyIds}) are sealed under root secrets that are not configured here (ids ${[...sealedBy].join(', ') || 'unknown'}). Configure the root secret that they were sealed under, or use an empty store`,
  );
}

type OpenOptions = SigningOptions &
  Required<Pick<SigningOptions, 'now' | 'onEvent'>> &
  Pick<KeyVaultOptions, 'onUnreadable'>;

async function openSource(options: OpenOptions): Promise<KeySource> {
  const { keys, records, rootSecrets, now, onEvent, onUnreadable } = options;
  if (keys.kind === 'files') return FileKeys.open({ ...keys, records, now });
  return new ManagedKeys({
    records,
    rootSecrets,
    now,
    algorithm: keys.algorithm,
    rotationMs: keys.rotationMs ?? DEFAULT_ROTATION_MS,
    publishMs: keys.publishMs ?? DEFAULT_PUBLISH_MS,
    horizonMs: options.longestAccessMs + options.clockSkewMs,
    onCreated: (keyId) => onEvent({ event: 'key_created', keyId }),
    onUnreadable,
  });
}

/** The named key, so that a replayed refresh answers what it answered before; else the current one. */
function signingKey(ring: KeyRing, keyId: string): RingKey {
  const named = ring.find(keyId);
  return named?.signer === undefined ? ring.current() : named;
}

function poll(ring: KeyRing, everyMs: number, onEvent: (event: SigningEvent) => void): () => void {
  if (everyMs === 0) return () => {};
  return startPolling({
    everyMs,
    run: () => ring.refresh().catch((cause) => onEvent({ event: 'poll_failed', cause })),
  });
}
