/** What is on its way to one subscriber. */
export interface Outbox<Item> {
  /** Adds something. If there is no room, everything is given up: the subscriber has to begin anew. */
  put(item: Item, bytes: number): void;
  /**
   * All that there is, or the first of it that takes so many bytes or a little more, as one response
   * with its number on the stream; undefined if there is nothing.
   */
  take(bytes: number): { readonly sequence: number; readonly items: readonly Item[] } | undefined;
  /** Whether something was given up since this was asked last: every partition must be reset. */
  takeOverflow(): boolean;
}

/**
 * Bounded, and never silently short: a subscriber that does not read fast enough loses all that was
 * kept for it, not a part. Numbers are given when a response is taken, so that they have no gap.
 */
export function createOutbox<Item>(maxBytes: number): Outbox<Item> {
  let items: { readonly item: Item; readonly bytes: number }[] = [];
  let bytes = 0;
  let sequence = 0;
  let overflowed = false;

  function clear(): void {
    items = [];
    bytes = 0;
  }

  return {
    put(item, size) {
      if (overflowed) return;
      if (bytes + size > maxBytes && items.length > 0) {
        clear();
        overflowed = true;
        return;
      }
      items.push({ item, bytes: size });
      bytes += size;
    },
    take(wanted) {
      if (items.length === 0) return undefined;
      let count = 0;
      let taken = 0;
      while (count < items.length && taken < wanted) {
        taken += items[count]?.bytes ?? 0;
        count += 1;
      }
      const first = items;
      items = count === first.length ? [] : first.slice(count);
      bytes -= taken;
      sequence += 1;
      return { sequence, items: first.slice(0, count).map(({ item }) => item) };
    },
    takeOverflow() {
      const was = overflowed;
      overflowed = false;
      return was;
    },
  };
}
