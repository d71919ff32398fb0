import type { DeviceRef } from '@signum/token';
import { afterAll, beforeAll } from 'vitest';
import type { StorePolicy } from '../../src/store/scripts/context.ts';
import type { Grant } from '../../src/store/scripts/grant.ts';
import { type IssueOutcome, issue } from '../../src/store/sessions/issue.ts';
import { refresh } from '../../src/store/sessions/refresh.ts';
import { validate } from '../../src/store/sessions/validate.ts';
import type { Store } from '../../src/store/store.ts';
import { planFor, soon } from '../setup/store.ts';

/** Opens a store on the Redis under test; again and again, on the same data. */
export type OpenStore = (policy?: Partial<StorePolicy>) => Promise<Store>;

export const NOW_DURABLE = { replicas: 0, fsync: false };
export const LOGOUT = { reason: 'LOGOUT', by: 'test', durability: NOW_DURABLE } as const;

/** The store under test, and what suites do with it. */
export interface StoreSubject {
  readonly store: Store;
  /** Another one on the same data. */
  readonly openAnother: OpenStore;
  /** Of a user who has not been before. */
  newDevice(deviceId?: string): DeviceRef;
  begin(device: DeviceRef, other?: object): Promise<Grant>;
  statusOf(device: DeviceRef, tokenId: string): Promise<string>;
  exchange(device: DeviceRef, grant: Grant, tokenId: string): ReturnType<typeof refresh>;
}

/** `open` is called once, before the first test. */
export function storeSubject(open: () => Promise<OpenStore>): StoreSubject {
  let store: Store;
  let counter = 0;
  let openAnother: OpenStore;

  beforeAll(async () => {
    openAnother = await open();
    store = await openAnother();
  });
  afterAll(() => store?.close());

  return {
    get store() {
      return store;
    },
    openAnother: (policy) => openAnother(policy),
    newDevice(deviceId = 'phone') {
      counter += 1;
      return { tenantId: 'acme', userId: `user-${counter}`, deviceId };
    },
    async begin(device, other = {}) {
      return granted(await issue(store, planFor(device, other), soon()));
    },
    async statusOf(device, tokenId) {
      const found = await validate(store, { ...device, tokenId }, soon());
      return found.status === 'REVOKED' ? found.reason : found.status;
    },
    exchange: (device, grant, tokenId) =>
      refresh(
        store,
        {
          ...{ presented: presented(device, grant), tokenId, keyId: 'key-1', staleKeyId: '' },
          ...{ allowedAudiences: ['api'], rate: undefined, by: 'user' },
        },
        soon(),
      ),
  };
}

export function granted(outcome: IssueOutcome): Grant {
  if ('grant' in outcome) return outcome.grant;
  throw new Error(`not granted: ${outcome.status}`);
}

/** What a refresh token of a grant says. */
export function presented(device: DeviceRef, grant: Grant) {
  const { sessionId, tokenId, generation } = grant;
  const times = { issuedAtS: 0, expiresAtS: 0 };
  return { device, sessionId, tokenId, generation, confirmation: undefined, ...times };
}
