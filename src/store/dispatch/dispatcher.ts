import type { Deadline } from '../../domain/call.ts';
import { SignumError } from '../../domain/errors.ts';
import type { Connection, Connections } from '../client/connections.ts';
import { deadlinePassed, NotSent, redirectionOf, remedyFor, storeFault } from '../client/faults.ts';
import type { Kind } from '../scripts/script.ts';
import type { Waiting } from './outgoing.ts';
import { type Bounds, type Flight, Flights, LANDED } from './pending-commands.ts';
import type { How } from './script-run.ts';

/** A command: sends it over a connection, at once, and lets who waits know what becomes of it. */
export type Send = (connection: Connection, how: How, waiting: Waiting) => void;

/** Where a command goes: to the connection for it, or, without one, wherever it finds its way. */
export interface Route {
  readonly connections: Connections;
  readonly key: string;
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
    send: Send,
  ): Promise<T> {
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
    return new Promise<T>((resolve, reject) => {
      const flight = new Dispatch<T>(this, kind, deadlineAtMs, route, send, resolve, reject);
      if (this.#flights.takeOff(flight)) this.#launch(flight, PLAINLY);
    });
  }

  /** A reply has come. */
  landed<T>(flight: Dispatch<T>, reply: unknown): void {
    if (this.#flights.land(flight)) flight.resolve(reply as T);
  }

  #launch<T>(flight: Dispatch<T>, how: How, asked?: Connection): void {
    if (performance.now() >= flight.deadlineAtMs) {
      this.#end(flight, deadlinePassed());
      return;
    }
    const { route } = flight;
    try {
      const connection = asked ?? (route ? route.connections.of(route.key) : NOWHERE);
      connection?.breaker.check();
      flight.breaker = connection?.breaker;
      flight.send(connection, how, flight);
      flight.breaker?.sent();
    } catch (error) {
      flight.breaker = undefined;
      this.failed(flight, error);
    }
  }

  /** It has not been sent, or an error has come. */
  failed<T>(flight: Dispatch<T>, error: unknown): void {
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

/** A command under way, and who waits for its reply: one object that has all that it needs. */
class Dispatch<T> implements Flight<T>, Waiting {
  readonly kind: Kind;
  readonly deadlineAtMs: number;
  readonly route: Route | undefined;
  readonly send: Send;
  readonly resolve: (value: T) => void;
  readonly reject: (error: SignumError) => void;
  breaker: Connection['breaker'] | undefined = undefined;
  givenUpAtMs = Number.POSITIVE_INFINITY;
  index = LANDED;
  readonly #dispatcher: Dispatcher;

  constructor(
    dispatcher: Dispatcher,
    kind: Kind,
    deadlineAtMs: number,
    route: Route | undefined,
    send: Send,
    resolve: (value: T) => void,
    reject: (error: SignumError) => void,
  ) {
    this.#dispatcher = dispatcher;
    this.kind = kind;
    this.deadlineAtMs = deadlineAtMs;
    this.route = route;
    this.send = send;
    this.resolve = resolve;
    this.reject = reject;
  }

  answered(reply: unknown): void {
    this.breaker?.answered();
    this.#dispatcher.landed(this, reply);
  }

  failed(error: unknown): void {
    this.breaker?.answered();
    this.breaker = undefined;
    this.#dispatcher.failed(this, error);
  }
}
