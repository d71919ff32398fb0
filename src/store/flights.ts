import { SignumError } from '../domain/errors.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { deadlinePassed } from './faults.ts';

/** What a piece of work does: each kind has its own bound, so that none starves another. */
export type Kind = 'read' | 'write' | 'barrier';

export type Bounds = Readonly<Record<Kind, number>>;

/** One piece of work under way: everything that it needs, so that no closure has to. */
export interface Flight<T> {
  readonly kind: Kind;
  /** On the `performance.now()` time line. */
  readonly deadlineAtMs: number;
  resolve(value: T): void;
  reject(error: SignumError): void;
  /** The connection whose answer it waits for, while it does. */
  breaker: CircuitBreaker | undefined;
  /** When to stop hoping for a server that says that it cannot answer yet. */
  givenUpAtMs: number;
}

/** Work under way: bounded in number, and settled once, by its deadline, whatever becomes of it. */
export class Flights {
  readonly #bounds: Bounds;
  readonly #counts: Record<Kind, number> = { read: 0, write: 0, barrier: 0 };
  readonly #open = new Set<Flight<unknown>>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** Returns whether there is room; a flight that does not take off is rejected as OVERLOADED. */
  takeOff(flight: Flight<unknown>): boolean {
    if (this.#counts[flight.kind] >= this.#bounds[flight.kind]) {
      flight.reject(overloaded());
      return false;
    }
    this.#counts[flight.kind] += 1;
    this.#open.add(flight);
    return true;
  }

  isUnderWay(flight: Flight<unknown>): boolean {
    return this.#open.has(flight);
  }

  /** Returns whether the flight was under way; whoever ends it settles it. */
  land(flight: Flight<unknown>): boolean {
    if (!this.#open.delete(flight)) return false;
    this.#counts[flight.kind] -= 1;
    return true;
  }

  /** Ends what is over. */
  tick(nowMs: number): void {
    for (const flight of this.#open) {
      if (flight.deadlineAtMs <= nowMs && this.land(flight)) flight.reject(deadlinePassed());
    }
  }

  /** Ends everything that waits for a connection from which nothing will come. */
  endAll(breaker: CircuitBreaker, error: SignumError): void {
    for (const flight of this.#open) {
      if (flight.breaker === breaker && this.land(flight)) flight.reject(error);
    }
  }
}

function overloaded(): SignumError {
  return new SignumError('OVERLOADED', 'the store has as much work as it can finish in time', {
    retryAfterMs: 100,
  });
}
