import { SignumError } from '../domain/errors.ts';

export interface InFlightOptions {
  /** Calls that may run at once; one more is refused at once. */
  readonly maxInflight: number;
  /** Whether the server has stopped taking calls. */
  isDraining(): boolean;
}

/** Bounds the calls under way, so that accepted ones keep their latency under any load. */
export interface InFlight {
  /** Takes a place, or throws OVERLOADED or DRAINING. The caller gives it back with `leave`. */
  enter(): void;
  leave(): void;
  readonly count: number;
}

export function createInFlight({ maxInflight, isDraining }: InFlightOptions): InFlight {
  let count = 0;
  return {
    enter() {
      if (isDraining()) throw new SignumError('DRAINING', 'the server is shutting down');
      if (count >= maxInflight) {
        throw new SignumError('OVERLOADED', 'the server has as much work as it can finish in time');
      }
      count += 1;
    },
    leave() {
      count -= 1;
    },
    get count() {
      return count;
    },
  };
}
