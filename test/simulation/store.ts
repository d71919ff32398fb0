import type { TableEntry } from '../../src/revocations/core/lease-table.ts';
import type { World } from './world.ts';

/** How long a primary that was replaced may still answer. */
export const DEPOSED_MS = 400;
/** How far the store's clocks may differ. */
export const CLOCK_SKEW_MS = 1_500;

export interface Token {
  readonly name: number;
  readonly tokenId: string;
  readonly idBytes: Uint8Array;
  readonly partition: number;
  readonly tenantId: string;
  readonly issuedAtS: number;
  readonly expiresAtS: number;
  /** The partition's revision of its issue. */
  readonly revision: number;
}

export type Change = { readonly token: Token } | { readonly tenantId: string };

/** What a change of a partition was, as its feed tells it. */
export type Told = Change | { readonly lost: string };

/** What a revocation ends: a user has one token at most, and one whose session is lost has none. */
export type Wanted = Change | { readonly userOf: Token };

/** A change in the feed of a partition. */
export interface Entry {
  readonly revision: number;
  readonly entryId: string;
  readonly storeMs: number;
  readonly trueMs: number;
  readonly awaited: boolean;
  readonly change: Told | undefined;
  /** The token that it has begun. */
  readonly issued?: Token;
}

/** A Redis that is, or was, the primary of a partition; the first one of the lease table as well. */
export interface Node {
  readonly name: string;
  readonly partition: number;
  readonly log: Entry[];
  table: { readonly id: string; readonly entries: Map<string, TableEntry> };
  /** How many entries a replica is known to hold. */
  durable: number;
  /** Until when it answers. */
  untilMs: number;
  readonly clockAheadMs: number;
  readonly listeners: Set<(entry: Entry) => void>;
  /** Whose history its feed was read of, one after another, and how many changes there were then. */
  readonly noted: { readonly name: string; readonly changes: number }[];
}

export interface Store {
  readonly primaries: readonly Node[];
  readonly tokens: readonly Token[];
  /** When the primary of a partition was last replaced. */
  readonly failedOverMs: readonly number[];
  isPrimary(node: Node): boolean;
  answers(node: Node): boolean;
  /** Issues a token; at the beginning, as if that had been a while ago. */
  issue(node: Node, agoMs: number): void;
  /** Ends what there is of it. */
  end(node: Node, wanted: Wanted, awaited: boolean): Entry;
  /** Reads the feed of a node, which tells of a loss first if it was read of another one last. */
  read(node: Node): readonly Entry[];
  failOver(partition: number): void;
  loseTable(): void;
}

export function createStore(world: World, partitions: number): Store {
  const { random } = world;
  const tokens: Token[] = [];
  const primaries: Node[] = [];
  const failedOverMs: number[] = [];
  let made = 0;

  function makeNode(
    partition: number,
    log: Entry[],
    table: Node['table'],
    noted?: Node['noted'],
  ): Node {
    made += 1;
    const name = `r${made}`;
    return {
      name,
      noted: noted ?? [{ name, changes: 0 }],
      partition,
      log,
      table,
      durable: log.length,
      untilMs: Number.POSITIVE_INFINITY,
      clockAheadMs: clockAhead(),
      listeners: new Set(),
    };
  }

  /** Often as far as it may be: the ids of a slow one's entries then stand still behind those of a fast one. */
  function clockAhead(): number {
    const most = CLOCK_SKEW_MS / 2;
    return random.pick([-most, most, random.between(-most, most), random.between(-most, most)]);
  }

  function newTable(): Node['table'] {
    made += 1;
    return { id: `t${made}`, entries: new Map() };
  }

  function append(
    node: Node,
    change: Told | undefined,
    awaited: boolean,
    issued: Token | undefined = undefined,
  ): Entry {
    const last = node.log.at(-1);
    const storeMs = 1_000_000 + world.now() + node.clockAheadMs;
    // As XADD does it: never before the entry before.
    const idMs = Math.max(storeMs, Number(last?.entryId.split('-')[0] ?? 0));
    made += 1;
    const entry: Entry = {
      revision: (last?.revision ?? 0) + 1,
      // Two primaries never give the same id in the simulation, as they hardly ever do in truth.
      entryId: `${idMs}-${made}`,
      storeMs: idMs,
      trueMs: world.now(),
      awaited,
      change,
      ...(issued && { issued }),
    };
    node.log.push(entry);
    if (random.next() < 0.5) node.durable = node.log.length;
    for (const tell of node.listeners) tell(entry);
    return entry;
  }

  function noteHistory(node: Node): void {
    if (node.noted.at(-1)?.name === node.name) return;
    const { revision } = append(node, { lost: node.name }, false);
    node.noted.push({ name: node.name, changes: revision });
    world.note(() => `${node.name} tells of a loss at revision ${revision}`);
  }

  for (let partition = 0; partition < partitions; partition += 1) {
    primaries.push(makeNode(partition, [], newTable()));
    failedOverMs.push(Number.NEGATIVE_INFINITY);
  }

  return {
    primaries,
    tokens,
    failedOverMs,
    isPrimary: (node) => primaries[node.partition] === node,
    answers: (node) => world.now() < node.untilMs,
    issue(node, agoMs) {
      const name = tokens.length;
      const hex = (name + 1).toString(16).padStart(12, '0');
      const tokenId = `00000000-0000-7000-8000-${hex}`;
      const issuedAtS = Math.floor((1_000_000 + world.now() + node.clockAheadMs - agoMs) / 1_000);
      world.note(() => `${node.name} issues token ${name} at second ${issuedAtS}`);
      const token: Token = {
        name,
        tokenId,
        idBytes: Uint8Array.from(Buffer.from(tokenId.replaceAll('-', ''), 'hex')),
        partition: node.partition,
        tenantId: `tenant-${random.between(0, 1)}`,
        issuedAtS,
        expiresAtS: issuedAtS + 600,
        revision: (node.log.at(-1)?.revision ?? 0) + 1,
      };
      tokens.push(token);
      append(node, undefined, false, token);
    },
    end(node, wanted, awaited) {
      const change = 'userOf' in wanted ? foundOf(node, wanted.userOf) : wanted;
      const entry = append(node, change, awaited);
      world.note(() => {
        const what = change && ('token' in change ? `token ${change.token.name}` : change.tenantId);
        return `${node.name} ends ${what ?? 'nothing'} at revision ${entry.revision}${awaited ? ', awaited' : ''}`;
      });
      return entry;
    },
    read(node) {
      noteHistory(node);
      return [...node.log];
    },
    failOver(partition) {
      const before = primaries[partition] as Node;
      const kept = random.between(before.durable, before.log.length);
      const table = random.pick<() => Node['table']>([
        () => ({ id: before.table.id, entries: new Map(before.table.entries) }),
        newTable,
      ])();
      const noted = before.noted.filter(({ changes }) => changes <= kept);
      const next = makeNode(partition, before.log.slice(0, kept), table, noted);
      before.untilMs = world.now() + random.next() * DEPOSED_MS;
      primaries[partition] = next;
      failedOverMs[partition] = world.now();
      world.note(() => {
        return `${before.name} is replaced by ${next.name}, which has ${kept} of ${before.log.length} changes`;
      });
    },
    loseTable() {
      const node = primaries[0] as Node;
      node.table = newTable();
      world.note(() => `${node.name} loses the lease table`);
    },
  };
}

function foundOf({ log }: Node, token: Token): Change | undefined {
  return isLive(log, token) ? { token } : undefined;
}

/** Whether a token's session is there by what a log says. */
export function isLive(log: readonly Entry[], token: Token): boolean {
  return has(log, token) && endedAt(log, token) === undefined;
}

export function has(log: readonly Entry[], token: Token): boolean {
  return log.some(({ issued }) => issued === token);
}

/** Whether a token had ended by what a log says, and since when in true time. */
export function endedAt(log: readonly Entry[], token: Token): number | undefined {
  return log.find(({ change, revision }) => {
    if (change === undefined || 'lost' in change) return false;
    if ('token' in change) return change.token === token;
    return change.tenantId === token.tenantId && revision > token.revision;
  })?.trueMs;
}
