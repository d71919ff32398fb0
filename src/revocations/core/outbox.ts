/** Responses on their way to one subscriber. */
export interface Outbox<Item> {
  /** Adds one. If there is no room, everything is given up: the subscriber has to begin anew. */
  put(item: Item, bytes: number): void;
  /** The next one, with its number on the stream; undefined if there is none. */
  take(): { readonly sequence: number; readonly item: Item } | undefined;
  /** Whether something was given up since this was asked last: every partition must be reset. */
  takeOverflow(): boolean;
}

/**
 * Bounded, and never silently short: a subscriber that does not read fast enough loses all that was
 * kept for it, not a part. Numbers are given when a response is taken, so that they have no gap.
 */
export function createOutbox<Item>(maxBytes: number): Outbox<Item> {
  let items: { readonly item: Item; readonly bytes: number }[] = [];
  let first = 0;
  let bytes = 0;
  let sequence = 0;
  let overflowed = false;

  function clear(): void {
    items = [];
    first = 0;
    bytes = 0;
  }

  return {
    put(item, size) {
      if (overflowed) return;
      if (bytes + size > maxBytes && items.length > first) {
        clear();
        overflowed = true;
        return;
      }
      items.push({ item, bytes: size });
      bytes += size;
    },
    take() {
      const next = items[first];
      if (next === undefined) return undefined;
      first += 1;
      bytes -= next.bytes;
      if (first > 64 && 2 * first > items.length) {
        items = items.slice(first);
        first = 0;
      }
      sequence += 1;
      return { sequence, item: next.item };
    },
    takeOverflow() {
      const was = overflowed;
      overflowed = false;
      return was;
    },
  };
}
