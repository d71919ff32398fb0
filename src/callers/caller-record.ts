import type { JsonObject } from '@signum/token';
import { PERMISSIONS, type Permission } from '../domain/caller.ts';

/** An API key as stored: nothing in it can be used to call. Instants in ms since the epoch. */
export interface StoredKey {
  readonly keyId: string;
  /** Id of the root secret whose pepper `hash` is made with. */
  readonly pepperId: string;
  /** HMAC-SHA256 of the key's secret part, hexadecimal. */
  readonly hash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number | undefined;
  /** Coarse: written back at most once an hour. */
  readonly lastUsedAtMs?: number | undefined;
}

/** A public JWK (RFC 7517 section 4), checked when it was given. */
export type PublicKey = JsonObject & { readonly kid: string };

/** A service caller as stored: one JSON document under its name. */
export interface CallerRecord {
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** `['*']` is every tenant. */
  readonly tenants: readonly string[];
  readonly certificateNames: readonly string[];
  /** The newest first. */
  readonly keys: readonly StoredKey[];
  /** What it signs client assertions for: JWKs, each with a `kid`. */
  readonly publicKeys: readonly PublicKey[];
  readonly disabled: boolean;
  readonly createdAtMs: number;
}

const VERSION = 1;

export function formatCallerRecord(record: CallerRecord): string {
  return JSON.stringify({ v: VERSION, ...record });
}

/**
 * Reads a stored caller; undefined if it is not one, or is stored under another name than its own.
 * Permissions that this version does not know are left out: it cannot grant them.
 */
export function parseCallerRecord(name: string, text: string): CallerRecord | undefined {
  const value = parseJson(text);
  if (!isObject(value) || value['v'] !== VERSION || value['name'] !== name) return undefined;
  const { permissions, tenants, certificateNames, keys, disabled, createdAtMs } = value;
  // Callers that earlier versions have stored have none.
  const { publicKeys = [] } = value;
  const sound =
    isTextList(permissions) &&
    isTextList(tenants) &&
    isTextList(certificateNames) &&
    Array.isArray(keys) &&
    keys.every(isStoredKey) &&
    Array.isArray(publicKeys) &&
    publicKeys.every(isPublicKey) &&
    typeof disabled === 'boolean' &&
    Number.isSafeInteger(createdAtMs);
  if (!sound) return undefined;
  const known = PERMISSIONS.filter((permission) => permissions.includes(permission));
  return {
    name,
    permissions: known,
    tenants,
    certificateNames,
    keys,
    publicKeys,
    disabled,
    createdAtMs: createdAtMs as number,
  };
}

/** Whether a key has not expired. */
export function isLive(key: StoredKey, nowMs: number): boolean {
  return key.expiresAtMs === undefined || nowMs < key.expiresAtMs;
}

function isStoredKey(value: unknown): value is StoredKey {
  return (
    isObject(value) &&
    typeof value['keyId'] === 'string' &&
    typeof value['pepperId'] === 'string' &&
    /^[0-9a-f]{64}$/.test(String(value['hash'])) &&
    Number.isSafeInteger(value['createdAtMs']) &&
    isOptionalInstant(value['expiresAtMs']) &&
    isOptionalInstant(value['lastUsedAtMs'])
  );
}

function isPublicKey(value: unknown): value is PublicKey {
  return isObject(value) && typeof value['kid'] === 'string';
}

function isOptionalInstant(value: unknown): boolean {
  return value === undefined || Number.isSafeInteger(value);
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
