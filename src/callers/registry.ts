import type { Deadline } from '../domain/call.ts';
import type { Records } from '../domain/records.ts';
import {
  type CallerIndex,
  EMPTY_INDEX,
  indexCallers,
  type KnownCaller,
  type KnownClient,
  type KnownKey,
} from './caller-index.ts';
import { createLastUse, type KeyUse } from './last-use.ts';

/** The callers of a deployment in memory, so that authenticating takes no I/O. */
export interface CallerRegistry {
  /** Changes when callers have, and at least once every `refreshMs`: what is derived is stale then. */
  readonly epoch: number;
  findKey(keyId: string): KnownKey | undefined;
  findCertificate(certificateName: string): KnownCaller | undefined;
  /** A caller that has public keys. */
  findClient(name: string): KnownClient | undefined;
  /** Remembers that a key was used; written back at the next refresh, at most once an hour. */
  noteUse(use: KeyUse): void;
  /** Reads all callers now. Rejects as the store does; what was known stays in force then. */
  reload(deadline: Deadline): Promise<void>;
  /** How long ago callers were last read, in milliseconds; undefined if never. */
  ageMs(): number | undefined;
  /** Refreshes from now on. Does not keep the process alive. */
  start(): void;
  stop(): void;
}

export interface RegistryDeps {
  readonly records: Records;
  /** Callers are read again within this time, in milliseconds. */
  readonly refreshMs: number;
  /** Told when a refresh fails, or which documents are no callers. */
  readonly onFault: (fault: RegistryFault) => void;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
}

export type RegistryFault =
  | { readonly error: unknown }
  | { readonly unreadable: readonly string[] };

/** Servers that start together drift apart by up to a quarter of the interval, never past it. */
const JITTER = 0.25;
const MAX_READ_MS = 1_000;

/**
 * Creates the registry; call `reload` before serving, then `start`. When the store cannot be read the
 * callers last read stay in force: everything they could do needs the store as well.
 */
export function createCallerRegistry(deps: RegistryDeps): CallerRegistry {
  const { records, refreshMs, onFault, now = Date.now } = deps;
  const lastUse = createLastUse({ records, now });
  let index: CallerIndex = EMPTY_INDEX;
  let documents: ReadonlyMap<string, string> = new Map();
  let epoch = 0;
  let readsBegun = 0;
  let readInForce = 0;
  let readAtMs: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  const reload = async (deadline: Deadline) => {
    const read = ++readsBegun;
    const begunAtMs = performance.now();
    const found = await records.all(deadline);
    // Of two reads at once the one begun later knows more, whichever is answered first.
    if (read < readInForce) return;
    readInForce = read;
    readAtMs = begunAtMs;
    if (isSame(found, documents)) return;
    documents = found;
    index = indexCallers(found);
    epoch += 1;
    if (index.unreadable.length > 0) onFault({ unreadable: index.unreadable });
  };

  const refresh = async () => {
    epoch += 1;
    const deadline = { deadlineAtMs: performance.now() + Math.min(refreshMs, MAX_READ_MS) };
    try {
      await reload(deadline);
      await lastUse.writeBack(documents, deadline);
    } catch (error) {
      onFault({ error });
    }
  };

  const schedule = () => {
    if (!running) return;
    timer = setTimeout(
      () => void refresh().then(schedule),
      refreshMs * (1 - JITTER * Math.random()),
    );
    timer.unref();
  };

  return {
    get epoch() {
      return epoch;
    },
    findKey: (keyId) => index.byKeyId.get(keyId),
    findCertificate: (certificateName) => index.byCertificateName.get(certificateName),
    findClient: (name) => index.byName.get(name),
    noteUse: (use) => {
      const known = index.byKeyId.get(use.keyId);
      if (known) lastUse.note(known.caller.name, known.key, use);
    },
    reload,
    ageMs: () => (readAtMs === undefined ? undefined : performance.now() - readAtMs),
    start() {
      if (running) return;
      running = true;
      schedule();
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
  };
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, text]) => b.get(name) === text);
}
