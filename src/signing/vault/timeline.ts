import type { KeyInfo } from '../ring/key-info.ts';
import type { StoredKey } from './ring-document.ts';

/** The states of all keys at one instant. */
export interface Timeline {
  /** By activation, the same order on every server. Keys past their expiry are left out. */
  readonly infos: readonly KeyInfo[];
  readonly signingKeyId: string | undefined;
  /** The next instant at which a state changes by itself; Infinity if none will. */
  readonly changesAtMs: number;
}

/**
 * Works out states from instants. The last key to have become active signs, the ones before it are
 * retired from the moment the next one took over. A key that took over and was revoked later still
 * counts as a successor: the key before it does not come back. If the last one to take over is
 * revoked, the earliest pending key steps in.
 *
 * @param horizonMs How long a retired or revoked key must be remembered: the longest access lifetime
 *   that there has been, and the clock skew.
 */
export function timelineAt(keys: readonly StoredKey[], nowMs: number, horizonMs: number): Timeline {
  const ordered = keys.toSorted(byActivation);
  const active = ordered.filter((key) => key.activatesAtMs <= nowMs && !revokedBeforeActive(key));
  const pending = ordered.filter(
    (key) => key.activatesAtMs > nowMs && key.revokedAtMs === undefined,
  );
  const last = active.at(-1);
  const signing = last?.revokedAtMs === undefined ? (last ?? pending[0]) : pending[0];
  const infos = ordered
    .map((key) =>
      infoOf(key, { nowMs, horizonMs, signing, successor: active[active.indexOf(key) + 1] }),
    )
    .filter(({ expiresAtMs = Infinity }) => expiresAtMs > nowMs);
  const changes = [
    ...pending.map((key) => key.activatesAtMs),
    ...infos.map(({ expiresAtMs = Infinity }) => expiresAtMs),
  ];
  return { infos, signingKeyId: signing?.keyId, changesAtMs: Math.min(Infinity, ...changes) };
}

interface Moment {
  readonly nowMs: number;
  readonly horizonMs: number;
  readonly signing: StoredKey | undefined;
  /** The key that took over from this one, if it was ever active. */
  readonly successor: StoredKey | undefined;
}

function infoOf(key: StoredKey, { nowMs, horizonMs, signing, successor }: Moment): KeyInfo {
  const { keyId, algorithm, createdAtMs, activatesAtMs, revokedAtMs } = key;
  const info = { keyId, algorithm, createdAtMs, activatesAtMs };
  if (revokedAtMs !== undefined)
    return { ...info, state: 'revoked', ...endOf(revokedAtMs, horizonMs) };
  if (key === signing) return { ...info, state: 'signing' };
  if (activatesAtMs > nowMs) return { ...info, state: 'pending' };
  return { ...info, state: 'retired', ...endOf(successor?.activatesAtMs ?? nowMs, horizonMs) };
}

function endOf(
  retiresAtMs: number,
  horizonMs: number,
): Pick<KeyInfo, 'retiresAtMs' | 'expiresAtMs'> {
  return { retiresAtMs, expiresAtMs: retiresAtMs + horizonMs };
}

function revokedBeforeActive(key: StoredKey): boolean {
  return key.revokedAtMs !== undefined && key.revokedAtMs < key.activatesAtMs;
}

/** A key revoked in the very millisecond in which its successor took over comes before it. */
function byActivation(a: StoredKey, b: StoredKey): number {
  return (
    a.activatesAtMs - b.activatesAtMs ||
    Number(b.revokedAtMs !== undefined) - Number(a.revokedAtMs !== undefined) ||
    a.createdAtMs - b.createdAtMs ||
    (a.keyId < b.keyId ? -1 : 1)
  );
}
