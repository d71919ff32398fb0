import type { Departure } from '../../rpc/rpc.ts';

type Listener = Parameters<Departure['addEventListener']>[1];

/**
 * Whether the client of one call has gone away: an AbortController without what makes it an event
 * target, which takes 0.2 µs of a call and leaves garbage. It has one listener at a time.
 */
export class ClientDeparture implements Departure {
  aborted = false;
  #listener: Listener | undefined;

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#listener?.handleEvent();
  }

  addEventListener(_type: 'abort', listener: Listener): void {
    this.#listener = listener;
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    if (this.#listener === listener) this.#listener = undefined;
  }
}
