import { Cluster, type Redis } from 'ioredis';
import type { Deadline } from '../../domain/call.ts';
import type { Durability, DurabilityReached } from '../../domain/session.ts';
import type { RedisClient } from '../client/client.ts';
import { type Connection, type Connections, connectionsOf } from '../client/connections.ts';
import { storeFault } from '../client/faults.ts';
import type { Argument, Reply, Script } from '../scripts/script.ts';
import { Barrier } from './barrier.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Waiting } from './outgoing.ts';
import type { Bounds } from './pending-commands.ts';
import { Asking, ScriptRun } from './script-run.ts';
import type { Item } from './shared-runs.ts';

export interface RunnerOptions {
  /** After how long without an answer a connection is taken for dead, in milliseconds; default 250. */
  readonly silenceMs?: number | undefined;
  /** How many may be under way at once; one more is refused as OVERLOADED. */
  readonly bounds?: Partial<Bounds> | undefined;
}

/** A watermark goes to each of up to 1,024 partitions at once, a batch validates many tokens. */
const BOUNDS: Bounds = { read: 8192, write: 4096, barrier: 2048 };
const SILENCE_MS = 250;

/**
 * Runs scripts and reads on Redis. Everything settles by its deadline and nothing is sent after it;
 * only what is known not to have run is sent again. Fails with SignumError only.
 */
export class Runner {
  readonly #client: RedisClient;
  readonly #main: Connections;
  /** Writes that wait for replicas or fsync have connections of their own: WAIT blocks them. */
  readonly #durable: Connections;
  readonly #barriers = new WeakMap<Connection, Barrier>();
  readonly #dispatcher: Dispatcher;

  constructor(client: RedisClient, barrier: RedisClient, options: RunnerOptions = {}) {
    const silentTicks = Dispatcher.silentTicks(options.silenceMs ?? SILENCE_MS);
    this.#client = client;
    this.#main = connectionsOf(client, silentTicks);
    this.#durable = connectionsOf(barrier, silentTicks);
    const bounds = { ...BOUNDS, ...options.bounds };
    this.#dispatcher = new Dispatcher(bounds, [this.#main, this.#durable]);
  }

  /** Runs a script; `keys[0]` decides the shard. */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    deadline: Deadline,
  ): Promise<Reply> {
    const route = { connections: this.#main, key: keys[0] ?? '' };
    return this.#dispatcher.dispatch('write', deadline, route, ({ wire }, how, waiting) => {
      if (how.asking) wire.send(new Asking());
      wire.send(new ScriptRun(script, keys, args, how, waiting));
    });
  }

  /** The same for a script that takes any number of items, in one run with others of this turn. */
  runShared(script: Script, item: Item, deadline: Deadline): Promise<Reply> {
    const kind = script.name === 'validate' ? 'read' : 'write';
    const connections = this.#main;
    const key = item.keys[0] ?? '';
    return this.#dispatcher.dispatch(kind, deadline, { connections, key }, (to, how, waiting) => {
      if (how.asking) to.wire.send(new Asking());
      to.shared.add(script, connections.groupOf(key), item, how, waiting);
    });
  }

  /** Reads by one plain command, on the primary that serves `key`. */
  read<T>(key: string, deadline: Deadline, command: (node: Redis) => Promise<T>): Promise<T> {
    const route = { connections: this.#main, key };
    return this.#dispatcher.dispatch('read', deadline, route, ({ node }, { asking }, waiting) => {
      if (asking) node.asking().catch(() => undefined);
      tell(waiting, command(node));
    });
  }

  /** Asks each primary that is known; with one connection for all, over that one. */
  readAll<T>(deadline: Deadline, command: (node: Redis) => Promise<T>): Promise<T[]> {
    const client = this.#client;
    const [nodes, route] =
      client instanceof Cluster
        ? [client.nodes('master'), undefined]
        : [[client], { connections: this.#main, key: '' }];
    return this.#dispatcher.dispatch('read', deadline, route, (_connection, _how, waiting) =>
      tell(waiting, Promise.all(nodes.map(command))),
    );
  }

  /** The connection that leads to the primary that serves `key`. @throws STORE_UNAVAILABLE */
  primaryOf(key: string): Redis {
    try {
      return this.#main.of(key).node;
    } catch (error) {
      throw storeFault(error);
    }
  }

  /**
   * Runs a script and waits until its effect, and everything before it on the shard, is as durable
   * as wanted. `touch` is a counter of the same shard: a repeated call, which finds nothing left to
   * do, waits as well.
   */
  async runDurably(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    touch: string,
    wanted: Durability,
    deadline: Deadline,
  ): Promise<{ reply: Reply; reached: DurabilityReached }> {
    if (wanted.replicas === 0 && !wanted.fsync) {
      const reply = await this.run(script, keys, args, deadline);
      return { reply, reached: { replicas: 0, fsync: false } };
    }
    const { deadlineAtMs } = deadline;
    const route = { connections: this.#durable, key: touch };
    const work = { script, keys, args, touch, wanted, deadlineAtMs };
    return this.#dispatcher.dispatch('barrier', deadline, route, (connection, _how, waiting) =>
      tell(waiting, this.#barrierOf(connection).run(work)),
    );
  }

  #barrierOf(connection: Connection): Barrier {
    const known = this.#barriers.get(connection);
    if (known) return known;
    const barrier = new Barrier(connection);
    this.#barriers.set(connection, barrier);
    return barrier;
  }
}

function tell(waiting: Waiting, outcome: Promise<unknown>): void {
  outcome.then(
    (value) => waiting.answered(value),
    (error) => waiting.failed(error),
  );
}
