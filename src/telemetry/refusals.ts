import type { AuditEvent } from './audit-event.ts';

/** Tells the audit trail of calls that came to nothing, without letting anybody fill it with them. */
export interface Refusals {
  record(event: AuditEvent): void;
  /** Tells what has been counted so far; to be called before the trail is closed. */
  flush(): void;
}

export interface RefusalsOptions {
  readonly record: (event: AuditEvent) => void;
  /** For how long calls are counted together, in milliseconds; default one minute. */
  readonly windowMs?: number;
  /** How many kinds of refusals are told apart by their peer; default 64. */
  readonly maxPeers?: number;
}

interface Counted {
  readonly event: AuditEvent;
  count: number;
}

/** What calls of a kind do not have in common. */
const NOT_ALIKE = {
  ...{ requestId: undefined, tenantId: undefined, userId: undefined, deviceId: undefined },
  ...{ sessionId: undefined, keyId: undefined, target: undefined },
} satisfies Partial<AuditEvent>;

const WINDOW_MS = 60_000;
const MAX_PEERS = 64;

/**
 * The first refusal of its kind is told as it is, those that follow within a minute as a number. A kind
 * is what was called, by whom, from where and why it was refused; when there are too many places, from
 * anywhere. So a minute brings a bounded number of lines, whoever calls and however often.
 */
export function createRefusals(options: RefusalsOptions): Refusals {
  const { record, windowMs = WINDOW_MS, maxPeers = MAX_PEERS } = options;
  const counted = new Map<string, Counted>();
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const { event, count } of counted.values()) {
      if (count > 0) record({ ...event, ...NOT_ALIKE, count });
    }
    counted.clear();
  };
  return {
    record(event) {
      const { peer, ...anywhere } = event;
      const exact = keyOf(event);
      const told =
        counted.get(exact) ?? (counted.size < maxPeers ? undefined : counted.get(keyOf(anywhere)));
      if (told !== undefined) {
        told.count += 1;
        return;
      }
      const isRoomy = counted.size < maxPeers;
      counted.set(isRoomy ? exact : keyOf(anywhere), {
        event: isRoomy ? event : anywhere,
        count: 0,
      });
      timer ??= setTimeout(flush, windowMs).unref();
      record(event);
    },
    flush,
  };
}

function keyOf({ event, method, reason, caller, peer }: AuditEvent): string {
  return [event, method, reason, caller, peer].join('\0');
}
