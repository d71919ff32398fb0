import { SignumError } from '../../domain/errors.ts';
import type { CircuitBreaker } from '../client/circuit-breaker.ts';
import { deadlinePassed } from '../client/faults.ts';
import type { Kind } from '../scripts/script.ts';

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
  /** Where it stands among those under way; {@link LANDED} unless it is one of them. */
  index: number;
}

export const LANDED = -1;

/** Work under way: bounded in number, and settled once, by its deadline, whatever becomes of it. */
export class Flights {
  readonly #bounds: Bounds;
  readonly #counts: Record<Kind, number> = {
    ...{ read: 0, batch: 0, list: 0 },
    ...{ write: 0, mark: 0, own: 0 },
  };
  /** In no order. Each knows its index, so that none has to be looked for. */
  readonly #open: Flight<unknown>[] = [];

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /** Returns whether there is room; a flight that does not take off is rejected as OVERLOADED. */
  takeOff(flight: Flight<unknown>): boolean {
    if (this.#counts[flight.kind] >= this.#bounds[flight.kind]) {
      flight.reject(overloaded());
      return false;
    }
    this.#counts[flight.kind] += 1;
    flight.index = this.#open.push(flight) - 1;
    return true;
  }

  isUnderWay(flight: Flight<unknown>): boolean {
    return flight.index !== LANDED;
  }

  /** Returns whether the flight was under way; whoever ends it settles it. */
  land(flight: Flight<unknown>): boolean {
    const { index } = flight;
    if (index === LANDED) return false;
    flight.index = LANDED;
    const last = this.#open.pop();
    if (last !== undefined && last !== flight) {
      last.index = index;
      this.#open[index] = last;
    }
    this.#counts[flight.kind] -= 1;
    return true;
  }

  /** Ends what is over. */
  tick(nowMs: number): void {
    this.#endWhere((flight) => flight.deadlineAtMs <= nowMs, deadlinePassed);
  }

  /** Ends everything that waits for a connection from which nothing will come. */
  endAll(breaker: CircuitBreaker, error: SignumError): void {
    this.#endWhere(
      (flight) => flight.breaker === breaker,
      () => error,
    );
  }

  /** From the end, because landing moves the last flight to where the landed one was. */
  #endWhere(isOver: (flight: Flight<unknown>) => boolean, why: () => SignumError): void {
    for (let i = this.#open.length - 1; i >= 0; i -= 1) {
      const flight = this.#open[i] as Flight<unknown>;
      if (isOver(flight) && this.land(flight)) flight.reject(why());
    }
  }
}

function overloaded(): SignumError {
  return new SignumError('OVERLOADED', 'the store has as much work as it can finish in time', {
    retryAfterMs: 100,
  });
}
