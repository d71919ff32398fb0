import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;

/** Waits until a condition holds, asking again and again; a failing question counts as a no. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  let last: unknown = 'it does not hold';
  while (performance.now() < endMs) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`Waited ${timeoutMs} ms in vain: ${what} (${last})`);
}
