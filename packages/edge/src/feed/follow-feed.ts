import type { Client } from '@connectrpc/connect';
import type { FeedService, WatchResponse } from '@signum/contract/signum/v1/feed_service_pb.js';
import type { Mirror } from '../core/mirror.ts';
import { permanentFault } from '../edge-error.ts';
import { readResponse } from './read-response.ts';
import { createRequests, type Requests } from './requests.ts';

export interface FollowOptions {
  readonly mirror: Mirror;
  /** Of the server to try next; called for each stream. */
  readonly client: () => Client<typeof FeedService>;
  /** Whose ends are wanted; all that the caller may see when empty. */
  readonly tenantIds: readonly string[];
  readonly onEvent: (event: FeedTrouble) => void;
  /** After each message that was applied. */
  readonly onApplied: () => void;
  readonly random: () => number;
}

/** What can happen to a stream. */
export type FeedTrouble =
  | { readonly event: 'CONNECTED' }
  | { readonly event: 'DISCONNECTED'; readonly error: unknown }
  /** A message did not join on, or was not understood: everything begins anew. */
  | { readonly event: 'BROKEN' }
  /** The server said that a partition begins anew. */
  | { readonly event: 'RESET' }
  /** The machine slept, or a clock was set: the lease is void. */
  | { readonly event: 'CLOCKS_MOVED_APART' };

export interface FeedFollower {
  /** Resolves when closed. */
  readonly ended: Promise<void>;
  close(): void;
}

const LONGEST_RENEWAL_MS = 250;
/** A stream on which nothing comes for so long is given up, though the connection may seem open. */
const SILENCE_MS = 5_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/**
 * Keeps a mirror up to date: connects, goes on where the last stream ended, asks for leases at its own
 * times, and connects again whatever happens. Failures never reach the caller.
 */
export function followFeed(options: FollowOptions): FeedFollower {
  const { mirror, onEvent, onApplied } = options;
  const closing = new AbortController();
  let renewal = 0n;

  /** Follows one stream to its end. True if anything of it could be used. */
  async function followOnce(): Promise<boolean> {
    const stream = new AbortController();
    const stop = () => stream.abort();
    const requests = createRequests();
    mirror.connecting();
    closing.signal.addEventListener('abort', stop);
    requests.send({ case: 'start', value: startOf() });
    const clock = keepRenewing(requests, stop);
    try {
      for await (const response of options.client().watch(requests, { signal: stream.signal })) {
        clock.heard();
        if (!take(response, requests)) return false;
      }
      onEvent({ event: 'DISCONNECTED', error: new Error('the server ended the stream') });
    } catch (error) {
      if (!closing.signal.aborted) onEvent({ event: 'DISCONNECTED', error });
      if (permanentFault(error) !== undefined) return false;
    } finally {
      clock.stop();
      closing.signal.removeEventListener('abort', stop);
      requests.end();
      stream.abort();
    }
    return mirror.sequence > 0;
  }

  /** False if the stream cannot be gone on with. */
  function take(response: WatchResponse, requests: Requests): boolean {
    const message = readResponse(response);
    const outcome = message === undefined ? 'BROKEN' : mirror.apply(message);
    if (outcome === 'BROKEN') {
      mirror.forget();
      onEvent({ event: 'BROKEN' });
      return false;
    }
    for (const { kind } of message?.parts ?? []) {
      if (kind === 'WELCOME') onEvent({ event: 'CONNECTED' });
      if (kind === 'RESET') onEvent({ event: 'RESET' });
    }
    if (outcome === 'ACKNOWLEDGE') {
      requests.send({ case: 'ack', value: { applied: response.sequence } });
    }
    onApplied();
    return true;
  }

  /** Asks for leases, and gives the stream up when nothing comes. */
  function keepRenewing(requests: Requests, giveUp: () => void) {
    let heardMs = performance.now();
    let timer = setTimeout(tick, 0);
    function tick(): void {
      if (performance.now() - heardMs > SILENCE_MS) giveUp();
      renew(requests);
      timer = setTimeout(tick, renewMs());
    }
    return {
      heard: () => {
        heardMs = performance.now();
      },
      stop: () => clearTimeout(timer),
    };
  }

  function startOf() {
    const cursor = mirror.cursor();
    return {
      tenantIds: [...options.tenantIds],
      edge: true,
      ...(cursor && {
        cursor: {
          deploymentId: cursor.deploymentId,
          partitions: cursor.partitions.map(({ partition, revision, entryId }) => ({
            ...{ partition, entryId },
            revision: BigInt(revision),
          })),
        },
      }),
    };
  }

  function renewMs(): number {
    const { leaseMs = 0 } = mirror.deployment ?? {};
    return leaseMs > 0 ? Math.min(LONGEST_RENEWAL_MS, leaseMs / 10) : LONGEST_RENEWAL_MS;
  }

  function renew(requests: Requests): void {
    if (mirror.lease?.compareClocks() === false) onEvent({ event: 'CLOCKS_MOVED_APART' });
    if (mirror.sequence === 0) return;
    renewal += 1n;
    // Before it is sent: what it grants is counted from here.
    mirror.lease?.asked(Number(renewal));
    requests.send({ case: 'renew', value: { renewal, applied: BigInt(mirror.sequence) } });
  }

  async function followForEver(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!closing.signal.aborted) {
      const worked = await followOnce();
      retryMs = worked ? FIRST_RETRY_MS : Math.min(2 * retryMs, LONGEST_RETRY_MS);
      // Spread out: all edges of a server lose it at once.
      if (!closing.signal.aborted) await pause(retryMs * (0.5 + options.random()), closing.signal);
    }
  }

  return { ended: followForEver(), close: () => closing.abort() };
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, durationMs);
    signal.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
