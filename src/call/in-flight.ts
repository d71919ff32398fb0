import { SignumError } from '../domain/errors.ts';

export interface InFlightOptions {
  /** Calls that may run at once; one more is refused at once. */
  readonly maxInflight: number;
  /** Whether the server has stopped taking calls. */
  isDraining(): boolean;
}

/** Bounds the calls under way, so that accepted ones keep their latency under any load. */
export interface InFlight {
  /** Throws OVERLOADED or DRAINING if there is no place now; takes none. */
  checkRoom(): void;
  /** Takes a place, or throws as `checkRoom` does. The caller gives it back with `leave`. */
  enter(): void;
  leave(): void;
  readonly count: number;
}

export function createInFlight({ maxInflight, isDraining }: InFlightOptions): InFlight {
  let count = 0;
  const checkRoom = () => {
    if (isDraining()) throw draining();
    if (count >= maxInflight) {
      throw new SignumError('OVERLOADED', 'the server has as much work as it can finish in time');
    }
  };
  return {
    checkRoom,
    enter() {
      checkRoom();
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

/**
 * Places for each endpoint: calls of one take none of another's, so that however many list, issue or
 * wait for a disk, those who validate, refresh and revoke get theirs.
 */
export interface Places {
  /** By the name of an endpoint, of which there is a fixed set. */
  of(endpoint: string): InFlight;
  /** Calls under way at all endpoints. */
  count(): number;
}

export function createPlaces(options: InFlightOptions): Places {
  const byEndpoint = new Map<string, InFlight>();
  return {
    of(endpoint) {
      let places = byEndpoint.get(endpoint);
      if (places === undefined) {
        places = createInFlight(options);
        byEndpoint.set(endpoint, places);
      }
      return places;
    },
    count: () => byEndpoint.values().reduce((sum, { count }) => sum + count, 0),
  };
}

export function draining(): SignumError {
  return new SignumError('DRAINING', 'the server is shutting down');
}
