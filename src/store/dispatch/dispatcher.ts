import type { Deadline } from '../../domain/call.ts';
import { SignumError } from '../../domain/errors.ts';
import type { Connection, Connections } from '../client/connections.ts';
import { deadlinePassed, NotSent, redirectionOf, remedyFor, storeFault } from '../client/faults.ts';
import type { Kind } from '../scripts/script.ts';
import type { How, Waiting } from './command.ts';
import {
  type Bounds,
  NOT_PENDING,
  type PendingCommand,
  PendingCommands,
} from './pending-commands.ts';

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
const AS_USUAL: How = { asking: false, bySource: false };

/** No connection: what the client library routes itself. */
const NOWHERE = undefined as unknown as Connection;

/**
 * Sends commands so that each settles by its deadline, nothing is sent after it, and only what is
 * known not to have run is sent again. One ticker looks after all commands, because a timer for each
 * would cost as much as the rest.
 */
export class Dispatcher {
  readonly #pending: PendingCommands;
  readonly #watched: readonly Connections[];
  #ticker: NodeJS.Timeout | undefined;

  constructor(bounds: Bounds, watched: readonly Connections[]) {
    this.#pending = new PendingCommands(bounds);
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
      const command = new Dispatch<T>(this, kind, deadlineAtMs, route, send, resolve, reject);
      if (this.#pending.add(command)) this.#send(command, AS_USUAL);
    });
  }

  /** A reply has come. */
  answered<T>(command: Dispatch<T>, reply: unknown): void {
    if (this.#pending.remove(command)) command.resolve(reply as T);
  }

  #send<T>(command: Dispatch<T>, how: How, asked?: Connection): void {
    if (performance.now() >= command.deadlineAtMs) {
      this.#end(command, deadlinePassed());
      return;
    }
    const { route } = command;
    try {
      const connection = asked ?? (route ? route.connections.of(route.key) : NOWHERE);
      connection?.breaker.check();
      command.breaker = connection?.breaker;
      command.send(connection, how, command);
      command.breaker?.sent();
    } catch (error) {
      command.breaker = undefined;
      this.failed(command, error);
    }
  }

  /** It has not been sent, or an error has come. */
  failed<T>(command: Dispatch<T>, error: unknown): void {
    const redirection = redirectionOf(error);
    const asked = redirection && command.route?.connections.redirect(redirection);
    const remedy = asked ? 'LOAD' : remedyFor(error);
    // A server that is being asked for a slot that is not its own yet may not know the script either.
    if (remedy === 'LOAD') {
      this.#send(command, { asking: asked !== undefined, bySource: true }, asked);
    } else if (remedy === 'GIVE_UP' || !this.#sendLater(command, remedy)) {
      this.#end(command, error);
    }
  }

  /** Returns whether there is time for it. */
  #sendLater<T>(command: Dispatch<T>, remedy: 'WAIT' | 'REDIRECT'): boolean {
    const nowMs = performance.now();
    if (remedy === 'WAIT') command.givenUpAtMs = Math.min(command.givenUpAtMs, nowMs + PATIENCE_MS);
    if (nowMs + RETRY_MS >= Math.min(command.deadlineAtMs, command.givenUpAtMs)) return false;
    setTimeout(() => {
      if (this.#pending.has(command)) this.#send(command, AS_USUAL);
    }, RETRY_MS);
    return true;
  }

  #end<T>(command: Dispatch<T>, error: unknown): void {
    if (!this.#pending.remove(command)) return;
    command.reject(error instanceof SignumError ? error : storeFault(error));
  }

  #tick(): void {
    if (this.#pending.isEmpty) {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
      return;
    }
    this.#pending.tick(performance.now());
    for (const connections of this.#watched) {
      for (const { breaker } of connections.all()) {
        if (breaker.tick()) this.#pending.endAll(breaker, storeFault(new NotSent('TIMEOUT')));
      }
    }
  }
}

/** A command under way, and who waits for its reply: one object that has all that it needs. */
class Dispatch<T> implements PendingCommand<T>, Waiting {
  readonly kind: Kind;
  readonly deadlineAtMs: number;
  readonly route: Route | undefined;
  readonly send: Send;
  readonly resolve: (value: T) => void;
  readonly reject: (error: SignumError) => void;
  breaker: Connection['breaker'] | undefined = undefined;
  givenUpAtMs = Number.POSITIVE_INFINITY;
  index = NOT_PENDING;
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
    this.#dispatcher.answered(this, reply);
  }

  failed(error: unknown): void {
    this.breaker?.answered();
    this.breaker = undefined;
    this.#dispatcher.failed(this, error);
  }
}
