import type { Deadline } from '../../domain/call.ts';
import type { Durability } from '../../domain/session.ts';
import type { StoreContext } from '../scripts/context.ts';
import { SHARED_KEYS } from '../scripts/keys.ts';
import { type Reply, SCRIPTS } from '../scripts/script.ts';

/** A revision, and whose history it is of: the name that the primary vouches under. */
export interface AppliedUpTo {
  readonly revision: number;
  readonly primary: string;
}

/** What one server has written for all of its edges. */
export interface LeaseEntry {
  /** The server's incarnation: another one after each start. */
  readonly server: string;
  /**
   * A number that grows with each registration, and with nothing else: a change that comes late does
   * not undo a later one.
   */
  readonly registration: string;
  /** How many edges it speaks for. */
  readonly edges: number;
  /** By partition, of those that somebody has waited for. */
  readonly acknowledged: ReadonlyMap<number, AppliedUpTo>;
}

export interface LeaseTable {
  /** Names the table and the primary that holds it: another name is another history. */
  readonly name: string;
  readonly entries: readonly LeaseEntry[];
}

export interface TableChange {
  /** A server's entry; without edges it is taken out. */
  readonly write?: LeaseEntry | undefined;
  /** Entries that were left behind. */
  readonly gone?: readonly LeaseEntry[];
}

/** Changes the lease table and reads all of it (lua/leases.lua), on a primary that may write. */
export async function changeLeases(
  { runner }: Pick<StoreContext, 'runner'>,
  { write, gone = [] }: TableChange,
  newId: () => string,
  deadline: Deadline,
): Promise<LeaseTable> {
  const left = gone.flatMap((each) => [each.server, encode(each)]);
  const args = [newId(), write?.server ?? '', write ? encode(write) : '', ...left];
  return parse(await runner.run(SCRIPTS.leases, [SHARED_KEYS.leases], args, deadline));
}

/** Reads the table so that its primary has proved, as durably as wanted, to be one afterwards. */
export async function readLeases(
  { runner }: Pick<StoreContext, 'runner'>,
  newId: () => string,
  durability: Durability,
  deadline: Deadline,
): Promise<LeaseTable> {
  const { leases, leasesTouch } = SHARED_KEYS;
  const args = [newId(), '', ''];
  const effect = () => ({ changed: true, revision: 0 });
  const run = { script: SCRIPTS.leases, keys: [leases], args, revision: leasesTouch, effect };
  const { replies } = await runner.runDurably([run], durability, deadline);
  return parse(replies[0] ?? []);
}

function parse(reply: Reply): LeaseTable {
  const [, history, id, ...rest] = reply.map(String);
  const entries = Array.from({ length: rest.length / 2 }, (_, i) =>
    decode(rest[2 * i] as string, rest[2 * i + 1] as string),
  );
  return { name: `${history} ${id}`, entries };
}

/** `<registration> <edges> <partition>:<revision>:<primary> ...` */
function encode({ registration, edges, acknowledged }: LeaseEntry): string {
  const places = [...acknowledged].map(
    ([partition, { revision, primary }]) => `${partition}:${revision}:${primary}`,
  );
  return [registration, edges, ...places].join(' ');
}

function decode(server: string, text: string): LeaseEntry {
  const [registration = '', edges, ...places] = text.split(' ');
  const acknowledged = new Map(
    places.map((place) => {
      const [partition, revision, primary = ''] = place.split(':');
      return [Number(partition), { revision: Number(revision), primary }];
    }),
  );
  return { server, registration, edges: Number(edges), acknowledged };
}
