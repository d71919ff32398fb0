import type { Algorithm } from '@signum/token';
import type { RootSecrets } from '../../domain/root-secret.ts';
import { generateJwk } from '../keys/generate-jwk.ts';
import { holdKey } from '../keys/hold-key.ts';
import { importJwk } from '../keys/import-jwk.ts';
import { LocalSigner } from '../keys/local-signer.ts';
import type { RingKey } from '../ring/ring-key.ts';
import type { StoredKey } from './ring-document.ts';
import { openJwk, sealedUnder, sealJwk } from './seal-jwk.ts';

export interface UnreadableKey {
  readonly keyId: string;
  /** Id of the root secret that sealed it; undefined if that cannot be told. */
  readonly rootSecretId: string | undefined;
}

export interface KeyVaultOptions {
  readonly rootSecrets: RootSecrets;
  /** Told once about a key that does not open under any root secret configured here. */
  readonly onUnreadable: (key: UnreadableKey) => void;
}

/** Turns stored keys into usable ones and back. Holds every opened key of a managed ring. */
export class KeyVault {
  readonly #rootSecrets: RootSecrets;
  readonly #onUnreadable: (key: UnreadableKey) => void;
  readonly #signer = new LocalSigner();
  readonly #opened = new Map<string, RingKey>();
  readonly #unreadable = new Set<string>();
  readonly #resealed = new Set<string>();

  constructor({ rootSecrets, onUnreadable }: KeyVaultOptions) {
    this.#rootSecrets = rootSecrets;
    this.#onUnreadable = onUnreadable;
  }

  /** Opens what can be opened, and forgets every key that is not among these or is revoked. */
  async openAll(keys: readonly StoredKey[]): Promise<ReadonlyMap<string, RingKey>> {
    const live = keys.filter((key) => key.revokedAtMs === undefined);
    for (const key of live) await this.#open(key);
    const ids = new Set(live.map((key) => key.keyId));
    for (const keyId of this.#opened.keys()) {
      if (!ids.has(keyId)) this.#forget(keyId);
    }
    return new Map(this.#opened);
  }

  async #open(stored: StoredKey): Promise<void> {
    const { keyId } = stored;
    if (this.#opened.has(keyId)) return;
    try {
      this.#opened.set(keyId, await this.#import(stored));
      this.#unreadable.delete(keyId);
    } catch {
      if (!this.#unreadable.has(keyId)) {
        this.#onUnreadable({ keyId, rootSecretId: sealedUnder(stored.sealed ?? '') });
      }
      this.#unreadable.add(keyId);
    }
  }

  /** What is inside decides: id and algorithm beside it in the store are not authenticated. */
  async #import({ keyId, algorithm, sealed = '' }: StoredKey): Promise<RingKey> {
    const jwk = await openJwk(sealed, this.#rootSecrets);
    const imported = await importJwk(jwk, { from: 'stored key' });
    if (imported.keyId !== keyId || imported.algorithm !== algorithm) {
      throw new TypeError('the stored key is filed under a name that is not its own');
    }
    return holdKey(imported, this.#signer, 'stored key');
  }

  #forget(keyId: string): void {
    this.#opened.delete(keyId);
    this.#signer.remove(keyId);
    this.#resealed.delete(keyId);
  }

  /** Makes a key, to be stored. It is not opened yet. */
  async create(
    algorithm: Algorithm,
    createdAtMs: number,
    activatesAtMs: number,
  ): Promise<StoredKey & { sealed: string }> {
    const jwk = await generateJwk(algorithm);
    const sealed = await sealJwk(jwk, this.#rootSecrets.current);
    return { keyId: jwk.kid, algorithm, createdAtMs, activatesAtMs, sealed };
  }

  /**
   * The key sealed under the current root secret; the very same object if nothing needs doing. Once
   * per key and process: while servers are being given a new secret one after the other, two of them
   * could otherwise seal it back and forth for ever.
   */
  async reseal(stored: StoredKey): Promise<StoredKey> {
    const { keyId, sealed } = stored;
    const rootId = sealed === undefined ? undefined : sealedUnder(sealed);
    if (sealed === undefined || rootId === undefined || this.#resealed.has(keyId)) return stored;
    if (rootId === this.#rootSecrets.current.id || !this.#rootSecrets.find(rootId)) return stored;
    const jwk = await openJwk(sealed, this.#rootSecrets).catch(() => undefined);
    if (jwk === undefined) return stored;
    return { ...stored, sealed: await sealJwk(jwk, this.#rootSecrets.current) };
  }

  /** Called once re-sealed keys have been stored. */
  noteResealed(keys: readonly StoredKey[]): void {
    for (const { keyId, sealed } of keys) {
      if (sealed && sealedUnder(sealed) === this.#rootSecrets.current.id) this.#resealed.add(keyId);
    }
  }
}
