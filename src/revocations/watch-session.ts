import type { DeviceRef } from '@signum/token';
import type { Deadline } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { RevocationReason } from '../domain/session.ts';
import { committedAtMs, type FeedEvent } from '../store/feed/event.ts';
import { tenantField } from '../store/scripts/keys.ts';
import { sessionEnd } from '../store/sessions/session-end.ts';
import { getSession } from '../store/sessions/sessions.ts';
import type { Store } from '../store/store.ts';
import type { Hub } from './hub.ts';

/** How it stands with a session. */
export interface SessionState {
  readonly sessionId: string;
  readonly ended: boolean;
  /** Undefined while it has not ended, and where nobody remembers; as is `atMs`. */
  readonly reason?: RevocationReason | undefined;
  readonly atMs?: number | undefined;
}

export interface SessionToWatch {
  readonly device: DeviceRef;
  readonly sessionId: string;
}

/** How often a session is told of that goes on: connections on which nothing moves are cut. */
const ALIVE_MS = 25_000;
const TIMEOUT_MS = 5_000;

/** Streams that holders of sessions may have open at once: there are others to serve. */
const MOST = { inAll: 512, ofOneSession: 4 };

/** The same for any number of sessions, within bounds. @throws OVERLOADED beyond them */
export function createSessionWatch(deps: SessionWatchDeps) {
  const open = new Map<string, number>();
  let inAll = 0;

  return async function* watch(
    session: SessionToWatch,
    ended: AbortSignal,
  ): AsyncGenerator<SessionState> {
    const { sessionId } = session;
    const ofOne = open.get(sessionId) ?? 0;
    if (inAll >= MOST.inAll || ofOne >= MOST.ofOneSession) {
      throw new SignumError('OVERLOADED', 'as many watch sessions, or this one, as may at once', {
        retryAfterMs: 1_000,
      });
    }
    inAll += 1;
    open.set(sessionId, ofOne + 1);
    try {
      yield* watchSession(deps, session, ended);
    } finally {
      inAll -= 1;
      const left = (open.get(sessionId) ?? 1) - 1;
      if (left > 0) open.set(sessionId, left);
      else open.delete(sessionId);
    }
  };
}

export interface SessionWatchDeps {
  readonly hub: Hub;
  readonly store: Store;
}

/**
 * Tells how it stands with a session: at once, from time to time, and when it has ended, which is the
 * last. A refresh does not end one. Ends without a word when `ended` aborts.
 */
async function* watchSession(
  { hub, store }: SessionWatchDeps,
  { device, sessionId }: SessionToWatch,
  ended: AbortSignal,
): AsyncGenerator<SessionState> {
  const alive: SessionState = { sessionId, ended: false };
  let end: SessionState | undefined;
  let isUnsure = false;
  let wake: (() => void) | undefined;
  const onAbort = () => wake?.();
  ended.addEventListener('abort', onAbort);
  const leave = hub.listen(store.keyspace.partition(device.tenantId, device.userId).number, {
    onEvents(events) {
      const event = events.find((each) => ends(each, device, sessionId));
      if (!event) return;
      const reason = event.reason || 'TENANT';
      end ??= { sessionId, ended: true, reason, atMs: committedAtMs(event) };
      wake?.();
    },
    // What was missed before is in the store.
    onLive() {
      isUnsure = true;
      wake?.();
    },
  });
  /** Whether nothing has happened for so long. */
  async function quietFor(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    wake = () => resolve(false);
    const timer = setTimeout(resolve, ms, true);
    const isQuiet = await promise;
    clearTimeout(timer);
    return isQuiet;
  }

  try {
    end = await lookUp(store, { device, sessionId });
    let told = end ?? alive;
    yield told;
    while (!told.ended && !ended.aborted) {
      const isQuiet = !end && !isUnsure && (await quietFor(ALIVE_MS));
      if (isUnsure) {
        isUnsure = false;
        end ??= await lookUp(store, { device, sessionId });
      }
      told = end ?? alive;
      if ((told.ended || isQuiet) && !ended.aborted) yield told;
    }
  } finally {
    ended.removeEventListener('abort', onAbort);
    leave();
  }
}

function ends(event: FeedEvent, { tenantId }: DeviceRef, sessionId: string): boolean {
  if (event.kind === 'REVOKE_ALL') return true;
  if (event.kind === 'REVOKE_TENANT') return event.member === tenantField(tenantId);
  const isEnd = event.kind === 'SUPERSEDE' || event.kind === 'REVOKE' || event.kind === 'EXPIRE';
  return isEnd && event.sessionId === sessionId;
}

async function lookUp(
  store: Store,
  { device, sessionId }: SessionToWatch,
): Promise<SessionState | undefined> {
  const deadline: Deadline = { deadlineAtMs: performance.now() + TIMEOUT_MS };
  const session = await getSession(store, device, deadline);
  if (session?.sessionId === sessionId) return undefined;
  const { partition } = store.keyspace.place(device);
  return { sessionId, ended: true, ...(await sessionEnd(store, partition, sessionId, deadline)) };
}
