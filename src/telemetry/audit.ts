import { type AuditEvent, formatAuditEvent } from './audit-event.ts';
import { type AuditSink, settlesWithin } from './audit-sink.ts';

/** The audit trail. */
export interface Audit {
  /** Never waits and never fails: what cannot be kept is dropped, counted and told in the trail. */
  record(event: AuditEvent): void;
  /** Opens the file again, after log rotation has moved it. Rejects if that fails. */
  reopen(): Promise<void>;
  /** Writes what is waiting and lets go of the file. Takes two seconds at most. */
  close(): Promise<void>;
}

export interface AuditDeps {
  readonly sink: AuditSink;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
  /** How much may wait to be written, in characters; default 8 Mi, some 20,000 events. */
  readonly maxWaiting?: number;
  /** How long closing may take, in milliseconds; default 2,000. What is not written then is lost. */
  readonly closeTimeoutMs?: number;
  /** Told how many events were lost, and why if writing failed. */
  readonly onDropped: (count: number, error?: unknown) => void;
}

/**
 * How long events are gathered before they are written, in milliseconds. Each write keeps a thread
 * busy: one for each event took a fifth of what issuing a token costs.
 */
const GATHER_MS = 20;
const DEFAULT_MAX_WAITING = 8 * 1_024 * 1_024;
const DEFAULT_CLOSE_TIMEOUT_MS = 2_000;

/** An audit trail that keeps nothing. */
export const NO_AUDIT: Audit = {
  record: () => {},
  reopen: async () => {},
  close: async () => {},
};

/**
 * Creates the audit trail. Events are written in order, in one chunk for all that came within 20 ms:
 * that much of the trail is lost if the process is killed. Auditing never delays a call: a sink that is
 * too slow or full costs events, not availability, and the trail itself says how many.
 */
export function createAudit(deps: AuditDeps): Audit {
  const { sink, now = Date.now, onDropped } = deps;
  const { maxWaiting = DEFAULT_MAX_WAITING, closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS } = deps;
  let waiting: string[] = [];
  let waitingLength = 0;
  let writing = 0;
  let dropped = 0;
  let work: Promise<void> = Promise.resolve();
  let gathering: NodeJS.Timeout | undefined;

  /** Runs after what came before it, so that a chunk is never split between two files. */
  const enqueue = (step: () => Promise<void>) => {
    const done = work.then(step);
    work = done.catch(() => {});
    return done;
  };

  const flush = async () => {
    clearTimeout(gathering);
    gathering = undefined;
    if (waiting.length === 0 && dropped === 0) return;
    const lines = waiting;
    const lost = dropped;
    waiting = [];
    waitingLength = 0;
    dropped = 0;
    const told = lost > 0 ? [formatLoss(lost, now())] : [];
    writing = lines.length;
    try {
      await sink.write([...told, ...lines].join(''));
    } catch (error) {
      dropped += lost + lines.length;
      onDropped(lines.length, error);
    }
    writing = 0;
  };

  return {
    record(event) {
      const line = formatAuditEvent(event, now());
      if (waitingLength + line.length > maxWaiting) {
        dropped += 1;
        onDropped(1);
        return;
      }
      waiting.push(line);
      waitingLength += line.length;
      gathering ??= setTimeout(() => void enqueue(flush), GATHER_MS);
    },
    reopen() {
      void enqueue(flush);
      return enqueue(() => sink.reopen());
    },
    async close() {
      void enqueue(flush);
      const isClosed = await settlesWithin(
        closeTimeoutMs,
        enqueue(() => sink.close()),
      );
      const lost = writing + waiting.length;
      if (!isClosed && lost > 0) onDropped(lost, new Error('the trail takes nothing'));
    },
  };
}

function formatLoss(count: number, nowMs: number): string {
  const time = new Date(nowMs).toISOString();
  return `${JSON.stringify({ v: 1, time, event: 'audit_dropped', outcome: 'failed', count })}\n`;
}
