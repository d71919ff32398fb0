import type { ServiceCaller } from '../domain/caller.ts';
import type { CallerRegistry } from './registry.ts';

/** Callers by the `authorization` header that proved who they are. */
export interface CredentialCache {
  get(header: string): ServiceCaller | undefined;
  /** Only for headers that were found good. `expiresAtMs`: since the epoch. */
  set(header: string, caller: ServiceCaller, expiresAtMs: number | undefined): void;
}

export interface CredentialCacheDeps {
  readonly registry: Pick<CallerRegistry, 'epoch'>;
  readonly now: () => number;
  /** How many headers at most; default 4096. */
  readonly maxEntries?: number;
}

interface Entry {
  readonly caller: ServiceCaller;
  readonly expiresAtMs: number;
}

const DEFAULT_MAX_ENTRIES = 4_096;

/**
 * Remembers good credentials for as long as the registry's epoch lasts, so that on the hot path
 * authenticating is one look-up.
 *
 * The key is the header in clear, which is a decision: a digest as the key would have to be computed
 * on every call, and computing it is the very cost that is to be avoided. Nothing is gained by it
 * either: the same bytes are in this process' memory anyway, in the HTTP parser's buffers and HPACK
 * tables of every open connection, and beside them the root secrets. What is done instead: everything
 * is forgotten at every refresh (2 s by default), so an idle caller's key does not linger; bad
 * credentials are never kept; the map is private, bounded and never enumerated. A hit compares
 * hashes that V8 seeds at random before it compares texts, so its timing tells nothing of a key.
 */
export function createCredentialCache(deps: CredentialCacheDeps): CredentialCache {
  const { registry, now, maxEntries = DEFAULT_MAX_ENTRIES } = deps;
  let entries = new Map<string, Entry>();
  let epoch = registry.epoch;

  const current = () => {
    if (epoch !== registry.epoch) {
      entries = new Map();
      epoch = registry.epoch;
    }
    return entries;
  };

  return {
    get(header) {
      const entry = current().get(header);
      return entry !== undefined && now() < entry.expiresAtMs ? entry.caller : undefined;
    },
    set(header, caller, expiresAtMs = Number.POSITIVE_INFINITY) {
      const live = current();
      if (live.size >= maxEntries) live.clear();
      live.set(header, { caller, expiresAtMs });
    },
  };
}
