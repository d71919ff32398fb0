import type { Algorithm } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import { SignumError } from '../../domain/errors.ts';
import { jwksJson } from './jwks.ts';
import type { KeyInfo } from './key-info.ts';
import type { KeySource, RingView } from './key-source.ts';
import type { RingKey } from './ring-key.ts';
import type { SigningEvent } from './signing-event.ts';
import { stateEvents } from './state-events.ts';

export interface KeyRingOptions {
  readonly source: KeySource;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onEvent: (event: SigningEvent) => void;
}

/** How long reading the shared records may take when no call sets the limit. */
const LOAD_TIMEOUT_MS = 1000;
/** How often, at most, tokens with an unknown key id may cause a look into the store. */
const MISS_INTERVAL_MS = 1000;

/** The keys that sign and verify now, by this server's knowledge. */
export class KeyRing {
  readonly #source: KeySource;
  readonly #now: () => number;
  readonly #onEvent: (event: SigningEvent) => void;
  #view: RingView | undefined;
  #jwks: string | undefined;
  /** Of every key that there was, by its id: a process never sees two keys of one id. */
  readonly #digests = new Map<string, string>();
  #loadedAtMs = 0;
  #miss: { readonly atMs: number; readonly done: Promise<void> } | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor({ source, now, onEvent }: KeyRingOptions) {
    this.#source = source;
    this.#now = now;
    this.#onEvent = onEvent;
  }

  /** When the shared records were last read with success; 0 if never. */
  get lastLoadedAtMs(): number {
    return this.#loadedAtMs;
  }

  /** The key that signs now. Throws INTERNAL if every key that could sign has been revoked. */
  current(): RingKey {
    const { signing } = this.#viewNow();
    if (signing === undefined) {
      throw new SignumError(
        'INTERNAL',
        'no key of the ring can sign: all are revoked or unreadable',
      );
    }
    return signing;
  }

  /** Whether any key can sign now. */
  canSign(): boolean {
    return this.#viewNow().signing !== undefined;
  }

  /** The key to verify with; undefined if it is unknown, expired or revoked. */
  find(keyId: string): RingKey | undefined {
    return this.#viewNow().keys.get(keyId);
  }

  /** The digest of a key, of one that was revoked meanwhile too; undefined if it was never here. */
  digestOf(keyId: string): string | undefined {
    return this.find(keyId)?.digest ?? this.#digests.get(keyId);
  }

  /**
   * Like `find`, but looks into the store before it calls a key unknown: another server may have made
   * it a moment ago. At most once a second; tokens that come in between share the outcome. Throws what
   * the store threw, since then nothing is known about the key.
   */
  async findFresh(keyId: string): Promise<RingKey | undefined> {
    const key = this.find(keyId);
    if (key !== undefined || !this.#source.shared || this.#knows(keyId)) return key;
    const nowMs = this.#now();
    if (this.#miss === undefined || Math.abs(nowMs - this.#miss.atMs) >= MISS_INTERVAL_MS) {
      this.#miss = { atMs: nowMs, done: this.refresh() };
    }
    await this.#miss.done;
    return this.find(keyId);
  }

  /** Reads the shared records again. On failure the ring goes on with what it has. */
  async refresh(): Promise<void> {
    await this.#exclusive(async () => {
      await this.#source.load(deadlineIn(LOAD_TIMEOUT_MS));
      this.#loadedAtMs = this.#now();
    });
  }

  /**
   * Adds a key, of the deployment's algorithm unless told otherwise. If one of the same algorithm is
   * still pending, that one is answered. Throws KEYS_NOT_MANAGED.
   */
  async rotate(
    algorithm?: Algorithm,
    deadline: Deadline = deadlineIn(LOAD_TIMEOUT_MS),
  ): Promise<KeyInfo> {
    const keyId = await this.#exclusive(() => this.#source.rotate(algorithm, deadline));
    return this.#info(keyId);
  }

  /** Refuses a key from now on, everywhere within seconds. Idempotent. Throws KEY_NOT_FOUND. */
  async revoke(keyId: string, deadline: Deadline = deadlineIn(LOAD_TIMEOUT_MS)): Promise<KeyInfo> {
    await this.#exclusive(() => this.#source.revoke(keyId, deadline));
    return this.#info(keyId);
  }

  /** All keys, the newest first. */
  list(): readonly KeyInfo[] {
    return this.#viewNow().infos.toReversed();
  }

  /** The public keys as a JSON Web Key Set. */
  jwksJson(): string {
    const view = this.#viewNow();
    this.#jwks ??= jwksJson(view);
    return this.#jwks;
  }

  #info(keyId: string): KeyInfo {
    const info = this.#viewNow().infos.find((candidate) => candidate.keyId === keyId);
    if (info === undefined) throw new SignumError('KEY_NOT_FOUND', 'no such key in the ring');
    return info;
  }

  #knows(keyId: string): boolean {
    return this.#viewNow().infos.some((info) => info.keyId === keyId);
  }

  /** The view, made again once time has changed it. */
  #viewNow(): RingView {
    const nowMs = this.#now();
    if (this.#view !== undefined && nowMs < this.#view.changesAtMs) return this.#view;
    return this.#renew(nowMs);
  }

  #renew(nowMs: number): RingView {
    const before = this.#view;
    const view = this.#source.view(nowMs);
    this.#view = view;
    this.#jwks = undefined;
    for (const { keyId, digest } of view.keys.values()) this.#digests.set(keyId, digest);
    if (before !== undefined) stateEvents(before.infos, view.infos).forEach(this.#onEvent);
    return view;
  }

  /** One at a time: a slow read must not bring back what a revoke has just removed. */
  #exclusive<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(run).finally(() => this.#renew(this.#now()));
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

function deadlineIn(ms: number): Deadline {
  return { deadlineAtMs: performance.now() + ms };
}
