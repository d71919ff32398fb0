import type { Deadline } from '../../domain/call.ts';
import type { Durability, DurabilityReached } from '../../domain/session.ts';
import type { Connection, Connections } from '../client/connections.ts';
import type { Argument, Reply, Script } from '../scripts/script.ts';
import { type Awaited, Barrier, unconfirmed } from './barrier.ts';
import { Asking, ScriptRun } from './command.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Marked, MarkedRuns } from './marked-run.ts';

/** A script whose effect shall be on replicas or on disk before it is acknowledged. */
export interface DurableRun {
  readonly script: Script;
  /** `keys[0]` decides the shard. */
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
  /** The counter of the partition's changes, of the same shard; see lua/touch.lua. */
  readonly revision: string;
  /** What the reply tells; undefined if it is of no use, so that nobody waits for it. */
  readonly effect: (reply: Reply) => Effect | undefined;
}

interface Effect {
  readonly changed: boolean;
  /** The partition's last change, this one or an earlier one. */
  readonly revision: number;
}

export interface DurableReplies {
  readonly replies: readonly Reply[];
  /** The least reached on any shard. */
  readonly reached: DurabilityReached;
}

/** How many calls may wait at once: of those that have changed something, and of those that have not. */
export interface MayWait {
  readonly changed: number;
  readonly unchanged: number;
}

/** How far a partition's changes are known to have got. */
interface Confirmed {
  readonly history: string;
  readonly revision: number;
  readonly reached: DurabilityReached;
}

const NOTHING: DurabilityReached = { replicas: 0, fsync: false };

/**
 * Runs scripts where all writes go, and waits for their durability over connections of its own, which
 * WAIT blocks. The wait is for the history that the script has run in: on another server it would
 * speak for other writes.
 */
export class DurableRuns {
  readonly #dispatcher: Dispatcher;
  readonly #main: Connections;
  readonly #waiting: Connections;
  readonly #mayWait: MayWait;
  readonly #waits = { changed: 0, unchanged: 0 };
  readonly #marked = new MarkedRuns();
  readonly #barriers = new WeakMap<Connection, Barrier>();
  /** By the partition's revision key, of which there are as many as partitions. */
  readonly #confirmed = new Map<string, Confirmed>();

  constructor(
    dispatcher: Dispatcher,
    connections: { readonly main: Connections; readonly waiting: Connections },
    mayWait: MayWait,
  ) {
    this.#dispatcher = dispatcher;
    this.#main = connections.main;
    this.#waiting = connections.waiting;
    this.#mayWait = mayWait;
  }

  async run(
    runs: readonly DurableRun[],
    wanted: Durability,
    deadline: Deadline,
  ): Promise<DurableReplies> {
    const done = await Promise.all(runs.map((run) => this.#runMarked(run, deadline)));
    const replies = done.map(({ marked }) => marked.reply);
    const known: DurabilityReached[] = [];
    const pending = done.filter((each) => {
      if (each.effect === undefined) return false;
      const confirmed = this.#alreadyConfirmed(each, wanted);
      if (confirmed) known.push(confirmed);
      return confirmed === undefined;
    });
    const waited = pending.length > 0 ? [await this.#wait(pending, wanted, deadline)] : [];
    return { replies, reached: least([...known, ...waited]) };
  }

  async #runMarked(run: DurableRun, deadline: Deadline): Promise<Done> {
    const { script, keys, args } = run;
    const route = { connections: this.#main, key: keys[0] ?? '' };
    const marked = await this.#dispatcher.dispatch<Marked>(
      script.kind,
      deadline,
      route,
      (connection, how, waiting) => {
        const { wire } = connection;
        const send = (told: typeof waiting) => {
          if (how.asking) wire.send(new Asking());
          wire.send(new ScriptRun(script, keys, args, how, told));
        };
        this.#marked.send(connection, send, waiting);
      },
    );
    return { run, marked, effect: run.effect(marked.reply) };
  }

  /**
   * A call that has found nothing to do has nothing to wait for either if the partition's last change
   * is known to be as durable as wanted, in this history.
   */
  #alreadyConfirmed({ run, marked, effect }: Done, wanted: Durability) {
    const confirmed = this.#confirmed.get(run.revision);
    if (!confirmed || !effect || effect.changed) return undefined;
    const isPast = confirmed.history === marked.mark?.id && confirmed.revision >= effect.revision;
    return isPast && isEnough(confirmed.reached, wanted) ? confirmed.reached : undefined;
  }

  async #wait(
    done: readonly Done[],
    wanted: Durability,
    deadline: Deadline,
  ): Promise<DurabilityReached> {
    const kind = done.some(({ effect }) => effect?.changed) ? 'changed' : 'unchanged';
    if (this.#waits[kind] >= this.#mayWait[kind]) {
      throw unconfirmed(NOTHING, 'as many calls as may wait are waiting');
    }
    this.#waits[kind] += 1;
    try {
      const shards = lastOfEachHistory(done);
      const all = await Promise.all(
        shards.map(({ connection, mark, revision }) => {
          const { deadlineAtMs } = deadline;
          const awaited: Awaited = { mark, touch: revision, wanted, deadlineAtMs };
          return this.#barrierBeside(connection).wait(awaited);
        }),
      );
      const reached = least(all);
      for (const each of done) this.#remember(each, reached);
      return reached;
    } finally {
      this.#waits[kind] -= 1;
    }
  }

  #remember({ run, marked, effect }: Done, reached: DurabilityReached): void {
    if (!marked.mark || !effect) return;
    const { revision } = effect;
    this.#confirmed.set(run.revision, { history: marked.mark.id, revision, reached });
  }

  #barrierBeside(main: Connection): Barrier {
    const connection = this.#waitingBeside(main);
    const known = this.#barriers.get(connection);
    if (known) return known;
    const barrier = new Barrier(connection);
    this.#barriers.set(connection, barrier);
    return barrier;
  }

  #waitingBeside(main: Connection): Connection {
    try {
      return this.#waiting.beside(main);
    } catch {
      throw unconfirmed(NOTHING, 'the primary cannot be asked');
    }
  }
}

/** A script that has run. */
interface Done {
  readonly run: DurableRun;
  readonly marked: Marked;
  readonly effect: Effect | undefined;
}

interface Shard {
  readonly connection: Connection;
  readonly mark: NonNullable<Marked['mark']>;
  readonly revision: string;
}

/** Waiting for the last write of a history waits for those before it. */
function lastOfEachHistory(done: readonly Done[]): Shard[] {
  const shards = new Map<string, Shard>();
  for (const { run, marked } of done) {
    const { mark, connection } = marked;
    if (!mark) throw unconfirmed(NOTHING, 'the primary changed');
    const known = shards.get(mark.id);
    if (!known || known.mark.offset < mark.offset) {
      shards.set(mark.id, { connection, mark, revision: run.revision });
    }
  }
  return [...shards.values()];
}

function isEnough({ replicas, fsync }: DurabilityReached, wanted: Durability): boolean {
  return replicas >= wanted.replicas && (fsync || !wanted.fsync);
}

function least(all: readonly DurabilityReached[]): DurabilityReached {
  if (all.length === 0) return NOTHING;
  return {
    replicas: Math.min(...all.map(({ replicas }) => replicas)),
    fsync: all.every(({ fsync }) => fsync),
  };
}
