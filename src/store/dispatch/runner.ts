import { Cluster, type Redis } from 'ioredis';
import type { Deadline } from '../../domain/call.ts';
import type { Durability } from '../../domain/session.ts';
import type { RedisClient } from '../client/client.ts';
import { type Connections, connectionsOf, type WireKind } from '../client/connections.ts';
import { storeFault } from '../client/faults.ts';
import type { Argument, Kind, Reply, Script } from '../scripts/script.ts';
import { Asking, ScriptRun, type Waiting } from './command.ts';
import { Dispatcher } from './dispatcher.ts';
import { type DurableReplies, type DurableRun, DurableRuns, type MayWait } from './durable-runs.ts';
import type { Bounds } from './pending-commands.ts';
import type { Item } from './shared-runs.ts';

export interface RunnerOptions {
  /** After how long without an answer a connection is taken for dead, in milliseconds; default 250. */
  readonly silenceMs?: number | undefined;
  /** How many may be under way at once; one more is refused as OVERLOADED. */
  readonly bounds?: Partial<Bounds> | undefined;
  /** How commands leave; default `direct`. */
  readonly wire?: WireKind | undefined;
  /** How many calls may wait for replicas or fsync at once; one more is answered as unconfirmed. */
  readonly mayWait?: MayWait | undefined;
}

/** A watermark goes to each of up to 1,024 partitions at once, a batch validates up to 256 tokens. */
const BOUNDS: Bounds = { read: 8192, batch: 8192, list: 64, write: 4096, mark: 4096, own: 256 };
const MAY_WAIT: MayWait = { changed: 512, unchanged: 128 };
const SILENCE_MS = 250;

/**
 * Runs scripts and reads on Redis. Everything settles by its deadline and nothing is sent after it;
 * only what is known not to have run is sent again. Fails with SignumError only.
 */
export class Runner {
  readonly #client: RedisClient;
  readonly #main: Connections;
  readonly #durable: DurableRuns;
  readonly #dispatcher: Dispatcher;

  constructor(client: RedisClient, barrier: RedisClient, options: RunnerOptions = {}) {
    const silentTicks = Dispatcher.silentTicks(options.silenceMs ?? SILENCE_MS);
    this.#client = client;
    this.#main = connectionsOf(client, silentTicks, options.wire);
    const connections = {
      main: this.#main,
      waiting: connectionsOf(barrier, silentTicks, options.wire),
    };
    const bounds = { ...BOUNDS, ...options.bounds };
    this.#dispatcher = new Dispatcher(bounds, Object.values(connections));
    this.#durable = new DurableRuns(this.#dispatcher, connections, options.mayWait ?? MAY_WAIT);
  }

  /** Runs a script; `keys[0]` decides the shard. */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    deadline: Deadline,
  ): Promise<Reply> {
    const route = { connections: this.#main, key: keys[0] ?? '' };
    return this.#dispatcher.dispatch(script.kind, deadline, route, ({ wire }, how, waiting) => {
      if (how.asking) wire.send(new Asking());
      wire.send(new ScriptRun(script, keys, args, how, waiting));
    });
  }

  /** The same for a script that takes any number of items, in one run with others of this turn. */
  runShared(
    script: Script,
    item: Item,
    deadline: Deadline,
    kind: Kind = script.kind,
  ): Promise<Reply> {
    const connections = this.#main;
    const key = item.keys[0] ?? '';
    return this.#dispatcher.dispatch(kind, deadline, { connections, key }, (to, how, waiting) => {
      if (how.asking) to.wire.send(new Asking());
      to.shared.add(script, connections.groupOf(key), item, how, waiting);
    });
  }

  /** Reads by one plain command, on the primary that serves `key`. */
  read<T>(
    key: string,
    deadline: Deadline,
    command: (node: Redis) => Promise<T>,
    kind: Kind = 'read',
  ): Promise<T> {
    const route = { connections: this.#main, key };
    return this.#dispatcher.dispatch(kind, deadline, route, ({ node }, { asking }, waiting) => {
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
   * Runs scripts and waits until their effects, and everything before them on their shards, are as
   * durable as wanted: a repeated call, which finds nothing left to do, waits for the first one's. What
   * could not run fails like any other script; what ran and is not confirmed, with
   * DURABILITY_UNCONFIRMED.
   */
  async runDurably(
    runs: readonly DurableRun[],
    wanted: Durability,
    deadline: Deadline,
  ): Promise<DurableReplies> {
    if (wanted.replicas > 0 || wanted.fsync) return this.#durable.run(runs, wanted, deadline);
    const replies = await Promise.all(
      runs.map(({ script, keys, args }) => this.run(script, keys, args, deadline)),
    );
    return { replies, reached: { replicas: 0, fsync: false } };
  }
}

function tell(waiting: Waiting, outcome: Promise<unknown>): void {
  outcome.then(
    (value) => waiting.answered(value),
    (error) => waiting.failed(error),
  );
}
