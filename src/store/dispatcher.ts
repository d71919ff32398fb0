import type { Deadline } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { Connection, Connections } from './connections.ts';
import { deadlinePassed, NotSent, redirectionOf, remedyFor, storeFault } from './faults.ts';
import { type Bounds, type Flight, Flights, type Kind, LANDED } from './flights.ts';

/** How a command has to be sent this time. */
export interface How {
  /** The slot is moving: the target takes the command only if it is asked to. */
  readonly asking: boolean;
  /** The server does not know the script by its hash. */
  readonly bySource: boolean;
}

/** A command: sends it over a connection, at once. */
export type Send<T> = (connection: Connection, how: How) => Promise<T>;

/** Where a command goes: to the connection for it, or, without one, wherever it finds its way. */
export interface Route {
  readonly connections: Connections;
  readonly key: string;
}

interface Dispatch<T> extends Flight<T> {
  readonly route: Route | undefined;
  readonly send: Send<T>;
}

const TICK_MS = 10;
const RETRY_MS = 20;
/** How long to hope for a server that says it cannot answer yet, in milliseconds. */
const PATIENCE_MS = 200;
const PLAINLY: How = { asking: false, bySource: false };

/** No connection: what the client library routes itself. */
const NOWHERE = undefined as unknown as Connection;

/**
 * Sends commands so that each settles by its deadline, nothing is sent after it, and only what is
 * known not to have run is sent again. One ticker looks after all commands, because a timer for each
 * would cost as much as the rest.
 */
export class Dispatcher {
  readonly #flights: Flights;
  readonly #watched: readonly Connections[];
  #ticker: NodeJS.Timeout | undefined;

  constructor(bounds: Bounds, watched: readonly Connections[]) {
    this.#flights = new Flights(bounds);
    this.#watched = watched;
  }

  /** Ticks of silence after which a connection is taken for dead. */
  static silentTicks(silenceMs: number): number {
    return Math.ceil(silenceMs / TICK_MS);
  }

  dispatch<T>(
    kind: Kind,
    { deadlineAtMs }: Deadline,
    route: Route | undefined,
    send: Send<T>,
  ): Promise<T> {
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
    return new Promise<T>((resolve, reject) => {
      const flight: Dispatch<T> = {
        kind,
        deadlineAtMs,
        resolve,
        reject,
        breaker: undefined,
        givenUpAtMs: Number.POSITIVE_INFINITY,
        index: LANDED,
        route,
        send,
      };
      if (this.#flights.takeOff(flight)) this.#launch(flight, PLAINLY);
    });
  }

  #launch<T>(flight: Dispatch<T>, how: How, asked?: Connection): void {
    if (performance.now() >= flight.deadlineAtMs) {
      this.#end(flight, deadlinePassed());
      return;
    }
    const { route } = flight;
    let answer: Promise<T>;
    try {
      const connection = asked ?? (route ? route.connections.of(route.key) : NOWHERE);
      connection?.breaker.check();
      answer = flight.send(connection, how);
      flight.breaker = connection?.breaker;
    } catch (error) {
      this.#failed(flight, error);
      return;
    }
    const { breaker } = flight;
    breaker?.sent();
    answer.then(
      (value) => {
        breaker?.answered();
        if (this.#flights.land(flight)) flight.resolve(value);
      },
      (error) => {
        breaker?.answered();
        this.#failed(flight, error);
      },
    );
  }

  #failed<T>(flight: Dispatch<T>, error: unknown): void {
    flight.breaker = undefined;
    const redirection = redirectionOf(error);
    const asked = redirection && flight.route?.connections.redirect(redirection);
    const remedy = asked ? 'LOAD' : remedyFor(error);
    // A server that is being asked for a slot that is not its own yet may not know the script either.
    if (remedy === 'LOAD') {
      this.#launch(flight, { asking: asked !== undefined, bySource: true }, asked);
    } else if (remedy === 'GIVE_UP' || !this.#launchLater(flight, remedy)) {
      this.#end(flight, error);
    }
  }

  /** Returns whether there is time for it. */
  #launchLater<T>(flight: Dispatch<T>, remedy: 'WAIT' | 'REDIRECT'): boolean {
    const nowMs = performance.now();
    if (remedy === 'WAIT') flight.givenUpAtMs = Math.min(flight.givenUpAtMs, nowMs + PATIENCE_MS);
    if (nowMs + RETRY_MS >= Math.min(flight.deadlineAtMs, flight.givenUpAtMs)) return false;
    setTimeout(() => {
      if (this.#flights.isUnderWay(flight)) this.#launch(flight, PLAINLY);
    }, RETRY_MS);
    return true;
  }

  #end<T>(flight: Dispatch<T>, error: unknown): void {
    if (!this.#flights.land(flight)) return;
    flight.reject(error instanceof SignumError ? error : storeFault(error));
  }

  #tick(): void {
    if (this.#flights.isEmpty) {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
      return;
    }
    this.#flights.tick(performance.now());
    for (const connections of this.#watched) {
      for (const { breaker } of connections.all()) {
        if (breaker.tick()) this.#flights.endAll(breaker, storeFault(new NotSent('TIMEOUT')));
      }
    }
  }
}
