import type { Permission } from '../domain/caller.ts';
import { type CallerRecord, isLive } from './caller-record.ts';

/** A service caller as operators see it, without secrets. Instants in ms since the epoch. */
export interface CallerView {
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** `['*']` is every tenant. */
  readonly tenants: readonly string[];
  readonly certificateNames: readonly string[];
  /** The keys that are live, the newest first. */
  readonly keys: readonly ApiKeyView[];
  readonly publicKeyIds: readonly string[];
  readonly disabled: boolean;
  readonly createdAtMs: number;
}

export interface ApiKeyView {
  readonly keyId: string;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number | undefined;
  readonly lastUsedAtMs?: number | undefined;
}

export function viewCaller({ publicKeys, ...record }: CallerRecord, nowMs: number): CallerView {
  const live = record.keys.filter((key) => isLive(key, nowMs));
  const keys = live.map(({ pepperId: _, hash: __, ...view }) => view);
  return { ...record, keys, publicKeyIds: publicKeys.map(({ kid }) => kid) };
}
