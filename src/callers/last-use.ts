import type { Deadline } from '../domain/call.ts';
import type { Records } from '../domain/records.ts';
import { formatCallerRecord, parseCallerRecord, type StoredKey } from './caller-record.ts';

/** A key was used. */
export interface KeyUse {
  readonly keyId: string;
  /** Its secret hashed under the current pepper, if the stored hash is under an older one. */
  readonly rehashed?: Pick<StoredKey, 'pepperId' | 'hash'> | undefined;
}

/** Keeps when keys were used, to the hour. */
export interface LastUse {
  note(callerName: string, key: StoredKey, use: KeyUse): void;
  /** Writes what is due into the documents just read. Rejects as the store does. */
  writeBack(documents: ReadonlyMap<string, string>, deadline: Deadline): Promise<void>;
}

export interface LastUseDeps {
  readonly records: Records;
  readonly now: () => number;
}

const HOUR_MS = 3_600_000;

/**
 * Keeps uses until they are written back, best effort. A document that another server has changed
 * meanwhile is left alone: that server has most likely written the same, and the next use is
 * written again.
 */
export function createLastUse({ records, now }: LastUseDeps): LastUse {
  const noted = new Map<string, Map<string, KeyUse>>();
  return {
    note(callerName, key, use) {
      if (!isDue(key, use, now())) return;
      const uses = noted.get(callerName) ?? new Map<string, KeyUse>();
      noted.set(callerName, uses.set(use.keyId, use));
    },
    async writeBack(documents, deadline) {
      const batch = [...noted];
      noted.clear();
      for (const [name, uses] of batch) {
        const text = documents.get(name) ?? '';
        const updated = withUses(name, text, uses, now());
        if (updated !== undefined) await records.put(name, updated, text, deadline);
      }
    },
  };
}

/** The document with the uses in it; undefined if it tells them already or is no caller. */
function withUses(
  name: string,
  text: string,
  uses: ReadonlyMap<string, KeyUse>,
  nowMs: number,
): string | undefined {
  const record = parseCallerRecord(name, text);
  if (record === undefined) return undefined;
  let changed = false;
  const keys = record.keys.map((key) => {
    const use = uses.get(key.keyId);
    if (use === undefined || !isDue(key, use, nowMs)) return key;
    changed = true;
    return { ...key, ...use.rehashed, lastUsedAtMs: nowMs };
  });
  return changed ? formatCallerRecord({ ...record, keys }) : undefined;
}

function isDue(key: StoredKey, { rehashed }: KeyUse, nowMs: number): boolean {
  if (rehashed !== undefined && rehashed.pepperId !== key.pepperId) return true;
  return key.lastUsedAtMs === undefined || nowMs - key.lastUsedAtMs >= HOUR_MS;
}
