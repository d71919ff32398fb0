import calculateSlot from 'cluster-key-slot';
import type { Redis } from 'ioredis';
import { storeFault } from '../client/faults.ts';
import type { PartitionKeys } from '../scripts/keys.ts';
import { SCRIPTS } from '../scripts/script.ts';
import { type FeedEvent, parseMessage } from './event.ts';

/** What a primary has vouched for. */
export interface Vouched {
  /** The store's time when it did. */
  readonly nowMs: number;
  /** Names the primary's process and its replication history. */
  readonly history: string;
  /** Partitions whose channel it serves, and whose every commit before it has been heard. */
  readonly partitions: readonly number[];
}

export interface LinkListener {
  /** A change of a partition was committed. In the order of the commits, each once. */
  onEvent(partition: number, event: FeedEvent, link: Link): void;
  /** Nothing more will be heard of these partitions: they moved, or the connection is gone. */
  onLost(partitions: readonly number[], link: Link): void;
  /** Something could not be done, in a line without arguments. */
  onFault(problem: string): void;
}

export interface LinkOptions {
  readonly partitions: readonly PartitionKeys[];
  readonly isCluster: boolean;
  readonly listener: LinkListener;
  /** How long connecting and a primary's answer may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** The parts of the client library's connection that are not in its types. */
interface Internals {
  readonly condition: {
    readonly subscriber: false | { channels(kind: 'ssubscribe'): readonly string[] };
  };
}

/**
 * One connection to one primary that hears what is committed there. It speaks RESP3, in which commands
 * go over a subscribed connection as well: so what the primary vouches for comes behind everything that
 * was published before it, whatever else happens. It is never made again: another one is.
 */
export class Link {
  readonly #redis: Redis;
  readonly #options: LinkOptions;
  readonly #byChannel = new Map<string, number>();
  /** Partitions that are heard. */
  readonly #heard = new Set<number>();
  #isClosed = false;
  /** The history of its primary; empty until that has vouched for something. */
  history = '';

  /** @param primary the connection for commands to the same server */
  constructor(primary: Redis, options: LinkOptions) {
    this.#options = options;
    this.#redis = primary.duplicate({
      protocol: 3,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      retryStrategy: () => null,
      reconnectOnError: () => false,
      connectionName: `${primary.options.connectionName}-feed`,
    });
    this.#redis.on('error', () => undefined); // Its end tells.
    this.#redis.on('smessage', (channel: string, message: string) => this.#hear(channel, message));
    this.#redis.on('moved', () => this.#forgetMoved());
    this.#redis.on('end', () => this.close());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Connects, and learns its primary's history. A link that cannot be closes.
   *
   * @param route a partition that leads to this primary
   */
  async open(route: number): Promise<void> {
    const timer = setTimeout(() => this.close(), 2 * this.#options.timeoutMs);
    try {
      await this.#redis.connect();
      await this.vouch(route);
    } catch (error) {
      this.#report(error);
      this.close();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns whether the partition is heard from now on. */
  async hear(partition: number): Promise<boolean> {
    const channel = this.#options.partitions[partition]?.channel ?? '';
    this.#byChannel.set(channel, partition);
    try {
      await this.#redis.ssubscribe(channel);
    } catch (error) {
      // It moved, or the connection is gone.
      if (!/^MOVED/.test((error as Error).message)) this.#report(error);
      return false;
    }
    // A slot may have moved on between the answer and now.
    if (this.#isClosed || !this.#channels().has(channel)) return false;
    this.#heard.add(partition);
    return true;
  }

  /**
   * Has the primary vouch for everything that was committed before now: when this resolves, all of it
   * has been heard. Undefined if it cannot: it is none, has lost its replicas, or does not answer.
   *
   * @param route a partition that leads to this primary; default: one that is heard
   */
  async vouch(route?: number): Promise<Vouched | undefined> {
    const heard = [...this.#heard];
    const [first = route] = heard;
    if (this.#isClosed || first === undefined) return undefined;
    const key = this.#options.partitions[first]?.revision ?? '';
    const timer = setTimeout(() => this.close(), this.#options.timeoutMs);
    try {
      const script = SCRIPTS.vouch;
      const vouching = this.#redis.eval(script.source, 1, key) as Promise<unknown[]>;
      // Asked behind it: a slot that was about to move then, moves now or has moved.
      const moving = this.#options.isCluster ? this.#redis.cluster('NODES') : '';
      const [[, nowMs, history], nodes] = await Promise.all([vouching, moving]);
      // It was a replica in between: what it holds now need not follow what was heard.
      if (this.history !== '' && this.history !== history) {
        this.close();
        return undefined;
      }
      this.history = String(history);
      const leaving = leavingSlots(String(nodes));
      const stays = (p: number) =>
        leaving.size === 0 ||
        !leaving.has(calculateSlot(this.#options.partitions[p]?.channel ?? ''));
      const partitions = heard.filter((p) => this.#heard.has(p) && stays(p));
      return { nowMs: Number(nowMs), history: this.history, partitions };
    } catch (error) {
      this.#report(error);
      // A primary that has lost its replicas still is one, and tells what it takes back from them.
      if (!/^NOREPLICAS/.test((error as Error).message)) this.close();
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#redis.disconnect();
    this.#lose([...this.#heard]);
  }

  #hear(channel: string, message: string): void {
    const partition = this.#byChannel.get(channel);
    const event = parseMessage(message);
    if (partition !== undefined && event && !this.#isClosed)
      this.#options.listener.onEvent(partition, event, this);
  }

  /** The library tells that some channel's slot has moved, not which. */
  #forgetMoved(): void {
    const channels = this.#channels();
    const gone = [...this.#heard].filter((p) => {
      return !channels.has(this.#options.partitions[p]?.channel ?? '');
    });
    this.#lose(gone);
  }

  #report(error: unknown): void {
    if (!this.#isClosed) this.#options.listener.onFault(storeFault(error).message);
  }

  #lose(partitions: readonly number[]): void {
    for (const partition of partitions) this.#heard.delete(partition);
    if (partitions.length > 0) this.#options.listener.onLost(partitions, this);
  }

  #channels(): ReadonlySet<string> {
    const { subscriber } = (this.#redis as unknown as Internals).condition;
    return new Set(subscriber ? subscriber.channels('ssubscribe') : []);
  }
}

/**
 * Slots that the server is handing over to another, by the line about itself in CLUSTER NODES: the
 * other may have taken one over already, and its changes are not heard here.
 * https://redis.io/docs/latest/commands/cluster-nodes/
 */
function leavingSlots(nodes: string): ReadonlySet<number> {
  const self = nodes.split('\n').find((line) => line.includes('myself'));
  return new Set(Array.from(self?.matchAll(/\[(\d+)->-/g) ?? [], ([, slot]) => Number(slot)));
}
