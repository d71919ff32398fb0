import { SignumError } from '../../domain/errors.ts';
import type { CircuitBreaker } from '../client/circuit-breaker.ts';
import { deadlinePassed } from '../client/faults.ts';
import type { Kind } from '../scripts/script.ts';

export type Bounds = Readonly<Record<Kind, number>>;

/** One piece of work under way: everything that it needs, so that no closure has to. */
export interface PendingCommand<T> {
  readonly kind: Kind;
  /** On the `performance.now()` time line. */
  readonly deadlineAtMs: number;
  resolve(value: T): void;
  reject(error: SignumError): void;
  /** The connection whose answer it waits for, while it does. */
  breaker: CircuitBreaker | undefined;
  /** When to stop hoping for a server that says that it cannot answer yet. */
  givenUpAtMs: number;
  /** Where it stands among those under way; {@link NOT_PENDING} unless it is one of them. */
  index: number;
}

export const NOT_PENDING = -1;

/** Work under way: bounded in number, and settled once, by its deadline, whatever becomes of it. */
export class PendingCommands {
  readonly #bounds: Bounds;
  readonly #counts: Record<Kind, number> = {
    ...{ read: 0, batch: 0, list: 0 },
    ...{ write: 0, mark: 0, own: 0 },
  };
  /** In no order. Each knows its index, so that none has to be looked for. */
  readonly #open: PendingCommand<unknown>[] = [];

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /** Returns whether there is room; one that finds none is rejected as OVERLOADED. */
  add(command: PendingCommand<unknown>): boolean {
    if (this.#counts[command.kind] >= this.#bounds[command.kind]) {
      command.reject(overloaded());
      return false;
    }
    this.#counts[command.kind] += 1;
    command.index = this.#open.push(command) - 1;
    return true;
  }

  has(command: PendingCommand<unknown>): boolean {
    return command.index !== NOT_PENDING;
  }

  /** Returns whether it was pending; whoever ends it settles it. */
  remove(command: PendingCommand<unknown>): boolean {
    const { index } = command;
    if (index === NOT_PENDING) return false;
    command.index = NOT_PENDING;
    const last = this.#open.pop();
    if (last !== undefined && last !== command) {
      last.index = index;
      this.#open[index] = last;
    }
    this.#counts[command.kind] -= 1;
    return true;
  }

  /** Ends what is over. */
  tick(nowMs: number): void {
    this.#endWhere((command) => command.deadlineAtMs <= nowMs, deadlinePassed);
  }

  /** Ends everything that waits for a connection from which nothing will come. */
  endAll(breaker: CircuitBreaker, error: SignumError): void {
    this.#endWhere(
      (command) => command.breaker === breaker,
      () => error,
    );
  }

  /** From the end, because removing one moves the last to its place. */
  #endWhere(isOver: (command: PendingCommand<unknown>) => boolean, why: () => SignumError): void {
    for (let i = this.#open.length - 1; i >= 0; i -= 1) {
      const command = this.#open[i] as PendingCommand<unknown>;
      if (isOver(command) && this.remove(command)) command.reject(why());
    }
  }
}

function overloaded(): SignumError {
  return new SignumError('OVERLOADED', 'the store has as much work as it can finish in time', {
    retryAfterMs: 100,
  });
}
