import type { DeviceRef } from '@signum/token';
import { SignumError } from '../../src/domain/errors.ts';
import type { MayWait } from '../../src/store/dispatch/durable-runs.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { planFor, TEST_POLICY } from './store.ts';

/** After how long without an answer an impatient store takes a connection for dead. */
export const SILENCE_MS = 150;

/** A store that gives up on a silent Redis soon, on 16 partitions. */
export function openImpatientStore(
  url: string,
  commandTimeoutMs = SILENCE_MS,
  mayWait?: MayWait,
): Promise<Store> {
  return openStore({
    redis: { url, commandTimeoutMs, connectTimeoutMs: 1000, name: 'signum-test' },
    partitions: 16,
    leaseMs: 5_000,
    policy: TEST_POLICY,
    mayWait,
    onConnectionError: () => undefined,
  });
}

export function within(ms: number): { deadlineAtMs: number } {
  return { deadlineAtMs: performance.now() + ms };
}

/** The reason of a call's failure, or OK. */
export function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (error) => (error instanceof SignumError ? error.reason : `no SignumError: ${error}`),
  );
}

/** Users whose sessions are spread over all partitions of an impatient store. */
export function manyDevices(label: string, count = 64): DeviceRef[] {
  return Array.from({ length: count }, (_, i) => ({
    tenantId: 'acme',
    userId: `${label}-${i}`,
    deviceId: 'phone',
  }));
}

/** Whether every partition takes a write; it also loads the script there. */
export async function isWritable(store: Store): Promise<boolean> {
  const reasons = await Promise.all(
    manyDevices('probe').map((device) => reasonOf(issue(store, planFor(device), within(2000)))),
  );
  return reasons.every((reason) => reason === 'OK');
}
