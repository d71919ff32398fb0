import type { Algorithm } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import { SignumError } from '../../domain/errors.ts';
import type { Records } from '../../domain/records.ts';
import type { RootSecrets } from '../../domain/root-secret.ts';
import type { KeySource, RingView } from '../ring/key-source.ts';
import type { RingKey } from '../ring/ring-key.ts';
import { KeyVault, type UnreadableKey } from './key-vault.ts';
import {
  RING_DOCUMENT,
  readHorizonMs,
  readRing,
  type StoredKey,
  writeRing,
} from './ring-document.ts';
import { type Timeline, timelineAt } from './timeline.ts';

export interface ManagedKeysOptions {
  readonly records: Records;
  readonly rootSecrets: RootSecrets;
  /** Of keys that are made on schedule, and of the first one. */
  readonly algorithm: Algorithm;
  /** How long a key signs before the next one is made, in milliseconds; 0: only on demand. */
  readonly rotationMs: number;
  /** How long a key is published before it signs, in milliseconds. */
  readonly publishMs: number;
  /** How long a key outlives its last signature at least, in milliseconds. */
  readonly horizonMs: number;
  readonly now: () => number;
  readonly onCreated: (keyId: string) => void;
  readonly onUnreadable: (key: UnreadableKey) => void;
}

type Change = (keys: readonly StoredKey[]) => Promise<readonly StoredKey[]>;

/** Of this many writers at once at least one has succeeded each time. */
const MAX_ATTEMPTS = 16;

/** Keys that live in the store, encrypted, and that all servers share and rotate. */
export class ManagedKeys implements KeySource {
  readonly shared = true;
  readonly #options: ManagedKeysOptions;
  readonly #vault: KeyVault;
  /** Tombstones seen, kept for good: a store that has lost one, in a failover say, is told again. */
  readonly #revoked = new Map<string, StoredKey>();
  #keys: readonly StoredKey[] = [];
  /** The longest that any server has asked for, as far as this one knows. */
  #horizonMs: number;
  #opened: ReadonlyMap<string, RingKey> = new Map();

  constructor(options: ManagedKeysOptions) {
    this.#options = options;
    this.#vault = new KeyVault(options);
    this.#horizonMs = options.horizonMs;
  }

  load(deadline: Deadline): Promise<void> {
    return this.#update(async (keys) => keys, deadline);
  }

  view(nowMs: number): RingView {
    const { infos, signingKeyId, changesAtMs } = timelineAt(this.#keys, nowMs, this.#horizonMs);
    const usable = infos.flatMap(({ keyId, state }) =>
      state === 'revoked' ? [] : (this.#opened.get(keyId) ?? []),
    );
    const keys = new Map(usable.map((key) => [key.keyId, key]));
    // A server that cannot open the newest key yet goes on with the one before it.
    const retired = infos
      .filter(({ state }) => state === 'retired')
      .toSorted((a, b) => b.activatesAtMs - a.activatesAtMs);
    const candidates = [signingKeyId ?? '', ...retired.map(({ keyId }) => keyId)];
    const signing = candidates.map((keyId) => keys.get(keyId)).find((key) => key !== undefined);
    return { infos, keys, signing, changesAtMs };
  }

  /** A pending key of the same algorithm is answered instead of a second one: safe to run twice. */
  async rotate(algorithm = this.#options.algorithm, deadline: Deadline): Promise<string> {
    let keyId = '';
    await this.#update(async (keys) => {
      const pending = this.#timeline(keys).infos.find(
        (info) => info.state === 'pending' && info.algorithm === algorithm,
      );
      const added = pending ? keys : await this.#add(keys, this.#options.publishMs, algorithm);
      keyId = pending?.keyId ?? added.at(-1)?.keyId ?? '';
      return added;
    }, deadline);
    return keyId;
  }

  revoke(keyId: string, deadline: Deadline): Promise<void> {
    return this.#update(async (keys) => {
      const key = keys.find((candidate) => candidate.keyId === keyId);
      if (key === undefined) throw new SignumError('KEY_NOT_FOUND', 'no such key in the ring');
      if (key.revokedAtMs !== undefined) return keys;
      const revokedAtMs = this.#options.now();
      const { sealed: _, ...tombstone } = key;
      const rest = keys.map((other) => (other === key ? { ...tombstone, revokedAtMs } : other));
      // If a pending key is to step in, it does so at once and on every server.
      const { signingKeyId } = this.#timeline(rest);
      return rest.map((other) =>
        other.keyId === signingKeyId && other.activatesAtMs > revokedAtMs
          ? { ...other, activatesAtMs: revokedAtMs }
          : other,
      );
    }, deadline);
  }

  /**
   * Reads the ring, changes it, does what is due besides, and writes it back if anything changed and
   * nobody else wrote meanwhile; otherwise starts over. Changes answer the same array for "none".
   */
  async #update(change: Change, deadline: Deadline): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const text = (await this.#options.records.all(deadline)).get(RING_DOCUMENT);
      const stored = readRing(text);
      const storedHorizonMs = readHorizonMs(text);
      this.#horizonMs = Math.max(this.#horizonMs, storedHorizonMs);
      const horizonMs = this.#horizonMs;
      const next = await this.#whatIsDue(await change(this.#latch(stored)));
      if (next === stored && horizonMs === storedHorizonMs) return this.#apply(stored);
      const written = await this.#options.records.put(
        RING_DOCUMENT,
        writeRing(next, horizonMs),
        text ?? null,
        deadline,
      );
      if (written) {
        this.#vault.noteResealed(next);
        await this.#apply(next);
        return this.#tellCreated(stored, next);
      }
    }
    throw new SignumError('STORE_UNAVAILABLE', 'too many servers change the key ring at once', {
      retryAfterMs: 1000,
    });
  }

  #latch(keys: readonly StoredKey[]): readonly StoredKey[] {
    const lost = keys.some((key) => key.revokedAtMs === undefined && this.#revoked.has(key.keyId));
    return lost ? keys.map((key) => this.#revoked.get(key.keyId) ?? key) : keys;
  }

  async #whatIsDue(keys: readonly StoredKey[]): Promise<readonly StoredKey[]> {
    const { infos, signingKeyId } = this.#timeline(keys);
    const alive = new Set(infos.map(({ keyId }) => keyId));
    const kept = keys.filter(({ keyId }) => alive.has(keyId));
    const sealed = await Promise.all(kept.map((key) => this.#vault.reseal(key)));
    const changed = sealed.length < keys.length || sealed.some((key, i) => key !== keys[i]);
    const next = changed ? sealed : keys;
    const { algorithm, rotationMs, publishMs, now } = this.#options;
    if (signingKeyId === undefined) return this.#add(next, 0, algorithm);
    const signing = infos.find(({ keyId }) => keyId === signingKeyId);
    const due = rotationMs > 0 && (signing?.activatesAtMs ?? 0) + rotationMs <= now();
    const pending = infos.some(({ state }) => state === 'pending');
    return due && !pending ? this.#add(next, publishMs, algorithm) : next;
  }

  async #add(
    keys: readonly StoredKey[],
    publishMs: number,
    algorithm: Algorithm,
  ): Promise<readonly StoredKey[]> {
    const nowMs = this.#options.now();
    for (;;) {
      const made = await this.#vault.create(algorithm, nowMs, nowMs + publishMs);
      // Ids are so long that this never happens, and short enough not to rely on it.
      const isTaken = keys.some(({ keyId }) => keyId === made.keyId);
      if (!isTaken) return [...keys, made];
    }
  }

  async #apply(keys: readonly StoredKey[]): Promise<void> {
    this.#opened = await this.#vault.openAll(keys);
    this.#keys = keys;
    for (const key of keys) if (key.revokedAtMs !== undefined) this.#revoked.set(key.keyId, key);
  }

  #tellCreated(before: readonly StoredKey[], after: readonly StoredKey[]): void {
    const known = new Set(before.map(({ keyId }) => keyId));
    for (const { keyId } of after) if (!known.has(keyId)) this.#options.onCreated(keyId);
  }

  #timeline(keys: readonly StoredKey[]): Timeline {
    return timelineAt(keys, this.#options.now(), this.#horizonMs);
  }
}
