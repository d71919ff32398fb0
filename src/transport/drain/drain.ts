import { setTimeout as delay } from 'node:timers/promises';
import type { Listener, TransportLog } from '../listener.ts';

export interface DrainOptions {
  /** Makes readiness and health checks say no. Calls are still taken and answered. */
  setNotReady(): void;
  /** Makes the calls that still come be refused with DRAINING. */
  refuseCalls(): void;
  /** Those that serve calls; they drain together. */
  readonly listeners: readonly Listener[];
  /** Those that watch, such as the operations listener; they stay until the others are closed. */
  readonly watchers: readonly Listener[];
  /**
   * From "not ready" to the end of accepting, in milliseconds: how long load balancers take to
   * notice. Default 0.
   */
  readonly noticeMs?: number;
  /** The most that calls under way get, in milliseconds; default 15,000. */
  readonly timeoutMs?: number;
  readonly log: TransportLog;
}

/**
 * Goes down without failing a call: not ready → new clients stay away → no more connections, and
 * those that are open are told to go elsewhere → calls under way finish → closed. Bounded by
 * noticeMs + timeoutMs, whatever clients do.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { listeners, watchers, noticeMs = 0, timeoutMs = 15_000, log } = options;
  options.setNotReady();
  if (noticeMs > 0) await delay(noticeMs);
  const giveUp = new AbortController();
  const drained = Promise.all(listeners.map((listener) => listener.drain())).then(() => true);
  const timedOut = delay(timeoutMs, false, { signal: giveUp.signal });
  const inTime = await Promise.race([drained, timedOut]);
  giveUp.abort();
  timedOut.catch(() => {});
  options.refuseCalls();
  if (!inTime) log.warn({ timeoutMs }, 'calls under way were cut off');
  await Promise.all([...listeners, ...watchers].map((listener) => listener.close()));
}
