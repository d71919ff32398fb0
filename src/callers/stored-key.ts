import type { RootSecrets } from '../domain/root-secret.ts';
import { createApiKey, formatApiKey, hashSecret, type RandomBytes } from './api-key.ts';
import { isLive, type StoredKey } from './caller-record.ts';

export interface KeyMakingDeps {
  readonly secrets: Pick<RootSecrets, 'current'>;
  readonly randomBytes: RandomBytes;
}

export interface MadeKey {
  /** The key itself, to be shown once. */
  readonly apiKey: string;
  /** What is kept of it. */
  readonly stored: StoredKey;
}

/** Makes an API key that lives for `lifetimeMs`, or for ever. */
export function makeKey(
  { secrets, randomBytes }: KeyMakingDeps,
  nowMs: number,
  lifetimeMs: number | undefined,
): MadeKey {
  const apiKey = createApiKey(randomBytes);
  const stored = {
    keyId: apiKey.keyId,
    pepperId: secrets.current.id,
    hash: hashSecret(secrets.current, apiKey.secret),
    createdAtMs: nowMs,
    ...(lifetimeMs !== undefined && { expiresAtMs: nowMs + lifetimeMs }),
  };
  return { apiKey: formatApiKey(apiKey), stored };
}

/** The newest live key, ending when the overlap does if it would live longer; none without one. */
export function keepForOverlap(
  keys: readonly StoredKey[],
  nowMs: number,
  overlapMs: number,
): readonly StoredKey[] {
  const newest = keys
    .filter((key) => isLive(key, nowMs))
    .reduce<StoredKey | undefined>((best, key) => {
      return best === undefined || key.createdAtMs > best.createdAtMs ? key : best;
    }, undefined);
  if (newest === undefined || overlapMs <= 0) return [];
  const endsAtMs = nowMs + overlapMs;
  return [{ ...newest, expiresAtMs: Math.min(newest.expiresAtMs ?? endsAtMs, endsAtMs) }];
}
