import type { Algorithm } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import { invalidField, SignumError } from '../../domain/errors.ts';
import type { Records } from '../../domain/records.ts';
import type { ExternalSigner } from '../keys/external-signer.ts';
import { holdKey } from '../keys/hold-key.ts';
import { importJwk } from '../keys/import-jwk.ts';
import { LocalSigner } from '../keys/local-signer.ts';
import type { KeyInfo } from './key-info.ts';
import type { KeySource, RingView } from './key-source.ts';
import { readKeyFile } from './read-key-file.ts';
import { type RingKey, ringKey } from './ring-key.ts';

export interface FileKeysOptions {
  /** Key files in order: the first key that can sign does, the others only verify. */
  readonly paths: readonly string[];
  /** For keys that name no algorithm and whose type it fits. */
  readonly algorithm?: Algorithm | undefined;
  /** Signs with those public keys of the files whose private part it holds. */
  readonly signer?: ExternalSigner | undefined;
  /** Where revocations are kept, so that all servers refuse a revoked key. */
  readonly records: Records;
  readonly now: () => number;
}

const TOMBSTONE = 'revoked:';

/**
 * Keys from files. They change when the files do and the server restarts, except that a key can be
 * revoked while servers run. Such a revocation is kept for good: as long as some file still holds the
 * key, forgetting it would bring the key back.
 */
export class FileKeys implements KeySource {
  readonly shared = false;
  readonly #records: Records;
  readonly #now: () => number;
  readonly #loadedAtMs: number;
  readonly #keys = new Map<string, RingKey>();
  /** Only ever grows: a store that has lost a revocation is told again. */
  readonly #revokedAtMs = new Map<string, number>();
  readonly #local = new LocalSigner();

  /** Throws INVALID_FIELD naming the file. */
  static async open(options: FileKeysOptions): Promise<FileKeys> {
    const source = new FileKeys(options);
    for (const path of options.paths) await source.#add(path, options);
    if (![...source.#keys.values()].some(({ signer }) => signer !== undefined)) {
      const path = options.paths.join(', ');
      throw invalidField(path, 'must hold a private key that may sign: there are public keys only');
    }
    return source;
  }

  private constructor({ records, now }: FileKeysOptions) {
    this.#records = records;
    this.#now = now;
    this.#loadedAtMs = now();
  }

  async #add(path: string, { algorithm, signer }: FileKeysOptions): Promise<void> {
    for (const jwk of await readKeyFile(path)) {
      const imported = await importJwk(jwk, { from: path, preferred: algorithm });
      if (this.#keys.has(imported.keyId)) throw invalidField(path, 'must not repeat a key id');
      const external = imported.signingKey === undefined && signer?.holds(imported.keyId);
      const key = external ? ringKey(imported, signer) : holdKey(imported, this.#local, path);
      this.#keys.set(key.keyId, key);
    }
  }

  async load(deadline: Deadline): Promise<void> {
    const records = await this.#records.all(deadline);
    for (const [name, value] of records) {
      if (name.startsWith(TOMBSTONE))
        this.#remember(name.slice(TOMBSTONE.length), readInstant(value));
    }
    for (const [keyId, revokedAtMs] of this.#revokedAtMs) {
      if (!records.has(TOMBSTONE + keyId)) await this.#store(keyId, revokedAtMs, deadline);
    }
  }

  view(): RingView {
    const keys = new Map([...this.#keys].filter(([keyId]) => !this.#revokedAtMs.has(keyId)));
    const signing = [...keys.values()].find((key) => key.signer !== undefined);
    const infos = [...this.#keys.values()].map((key) => this.#infoOf(key, signing));
    return { infos, keys, signing, changesAtMs: Infinity };
  }

  #infoOf({ keyId, algorithm }: RingKey, signing: RingKey | undefined): KeyInfo {
    const info = {
      keyId,
      algorithm,
      createdAtMs: this.#loadedAtMs,
      activatesAtMs: this.#loadedAtMs,
    };
    const revokedAtMs = this.#revokedAtMs.get(keyId);
    if (revokedAtMs !== undefined) return { ...info, state: 'revoked', retiresAtMs: revokedAtMs };
    return { ...info, state: keyId === signing?.keyId ? 'signing' : 'retired' };
  }

  async rotate(): Promise<string> {
    throw new SignumError('KEYS_NOT_MANAGED', 'the keys come from files: rotate them there');
  }

  async revoke(keyId: string, deadline: Deadline): Promise<void> {
    if (!this.#keys.has(keyId)) throw new SignumError('KEY_NOT_FOUND', 'no such key in the ring');
    const revokedAtMs = this.#revokedAtMs.get(keyId) ?? this.#now();
    await this.#store(keyId, revokedAtMs, deadline);
    this.#remember(keyId, revokedAtMs);
  }

  #remember(keyId: string, revokedAtMs: number): void {
    if (!this.#revokedAtMs.has(keyId)) this.#revokedAtMs.set(keyId, revokedAtMs);
    this.#local.remove(keyId);
  }

  /** Not being the first to write it is as good. */
  async #store(keyId: string, revokedAtMs: number, deadline: Deadline): Promise<void> {
    const value = JSON.stringify({ revokedAtMs });
    await this.#records.put(TOMBSTONE + keyId, value, null, deadline);
  }
}

/** A tombstone that cannot be read is still a tombstone. */
function readInstant(value: string): number {
  const match = /"revokedAtMs":(\d{1,15})\b/.exec(value);
  return match === null ? 0 : Number(match[1]);
}
