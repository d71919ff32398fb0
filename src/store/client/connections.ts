import calculateSlot from 'cluster-key-slot';
import { Cluster, type Redis } from 'ioredis';
import { SharedRuns } from '../dispatch/shared-runs.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { RedisClient } from './client.ts';
import { NotSent, type Redirection } from './faults.ts';
import { LibraryWire } from './wire/library-wire.ts';
import { type Sender, Wire } from './wire/wire.ts';

/** One connection to one server, and whether it can be used. */
export interface Connection {
  readonly node: Redis;
  readonly breaker: CircuitBreaker;
  readonly wire: Sender;
  readonly shared: SharedRuns;
}

/** Which connection leads to the primary that serves a key. */
export interface Connections {
  /** @throws NotSent if none does now. */
  of(key: string): Connection;
  /** The connection of this set that leads to the same server. @throws NotSent if none does. */
  beside(other: Connection): Connection;
  /** Names the keys that one script may touch together with this one. */
  groupOf(key: string): string;
  /** Learns from a MOVED; returns the connection that an ASK points to. */
  redirect(redirection: Redirection): Connection | undefined;
  all(): Iterable<Connection>;
}

/** `direct` is wire.ts, `library` the client library's public way. */
export type WireKind = 'direct' | 'library';

export function connectionsOf(
  client: RedisClient,
  silentTicks: number,
  kind: WireKind = 'direct',
): Connections {
  if (client instanceof Cluster) return new ClusterConnections(client, silentTicks, kind);
  const only = connectionTo(client, silentTicks, kind);
  return {
    of: () => only,
    beside: () => only,
    groupOf: () => '',
    redirect: () => undefined,
    all: () => [only],
  };
}

function connectionTo(node: Redis, silentTicks: number, kind: WireKind): Connection {
  const wire = kind === 'direct' ? new Wire(node) : new LibraryWire(node);
  const breaker = new CircuitBreaker(node, silentTicks);
  return { node, breaker, wire, shared: new SharedRuns(wire) };
}

const REFRESH_GAP_MS = 100;

/**
 * The client library knows the slots and the nodes; sending is done here, because its own way loses
 * the difference between a command that was not sent and one whose connection broke.
 */
class ClusterConnections implements Connections {
  readonly #cluster: Cluster;
  readonly #silentTicks: number;
  readonly #kind: WireKind;
  readonly #byAddress = new Map<string, Connection>();
  #refreshedAtMs = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, silentTicks: number, kind: WireKind) {
    this.#kind = kind;
    this.#cluster = cluster;
    this.#silentTicks = silentTicks;
    for (const node of cluster.nodes()) this.#add(node);
    cluster.on('+node', (node: Redis) => this.#add(node));
    cluster.on('close', () => this.#leaveOthers());
  }

  of(key: string): Connection {
    const address = this.#cluster.slots[calculateSlot(key)]?.[0];
    const connection = address === undefined ? undefined : this.#to(address);
    if (connection?.node.status === 'ready') return connection;
    // A failover may have happened: the next call shall find the new primary.
    this.#refresh();
    if (!connection) throw new NotSent('CLUSTERDOWN no primary is known for the slot');
    return connection;
  }

  beside({ node }: Connection): Connection {
    const connection = this.#to(addressOf(node));
    if (!connection) throw new NotSent('CLUSTERDOWN the node is not known');
    return connection;
  }

  /** The hash tag: keys of one slot may share a script. */
  groupOf(key: string): string {
    return key.slice(key.indexOf('{'), key.indexOf('}') + 1);
  }

  redirect({ kind, slot, address }: Redirection): Connection | undefined {
    const connection = this.#to(address);
    if (kind === 'ASK') return connection;
    this.#cluster.slots[slot] = [address];
    this.#refresh();
    return undefined;
  }

  all(): Iterable<Connection> {
    return this.#byAddress.values();
  }

  #to(address: string): Connection | undefined {
    return this.#byAddress.get(address) ?? this.#meet(address);
  }

  /**
   * A node that is taking over its first slot is not among those that serve any, and the client
   * library drops it whenever it asks a node that has not heard of it.
   */
  #meet(address: string): Connection | undefined {
    const colon = address.lastIndexOf(':');
    const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
    const node = this.#cluster.nodes()[0]?.duplicate({ host, port, readOnly: false });
    if (!node) return undefined;
    node.on('error', () => undefined); // Whoever uses it gets to know.
    return this.#add(node);
  }

  /**
   * A connection in use stays in use: whoever ends it would end what it owes an answer. One that is
   * not may never be again, nor ever tell: what waits to connect anew when the library drops it, stops
   * waiting.
   */
  #add(node: Redis): Connection {
    const address = addressOf(node);
    const known = this.#byAddress.get(address);
    if (known?.node.status === 'ready') return known;
    known?.node.disconnect();
    const connection = connectionTo(node, this.#silentTicks, this.#kind);
    this.#byAddress.set(address, connection);
    // The library's '-node' does not tell of one that it has replaced by then.
    node.once('end', () => this.#remove(node));
    return connection;
  }

  #remove(node: Redis): void {
    const address = addressOf(node);
    if (this.#byAddress.get(address)?.node !== node) return;
    this.#byAddress.delete(address);
    const other = this.#cluster.nodes().find((each) => addressOf(each) === address);
    if (other && other !== node) this.#add(other);
  }

  /** The library ends those that it knows, not those that were met. */
  #leaveOthers(): void {
    const known = new Set(this.#cluster.nodes());
    for (const [address, { node }] of this.#byAddress) {
      if (known.has(node)) continue;
      this.#byAddress.delete(address);
      node.disconnect();
    }
  }

  #refresh(): void {
    const nowMs = performance.now();
    if (nowMs - this.#refreshedAtMs < REFRESH_GAP_MS) return;
    this.#refreshedAtMs = nowMs;
    this.#cluster.refreshSlotsCache(() => undefined);
  }
}

function addressOf({ options }: Redis): string {
  return `${options.host}:${options.port}`;
}
