import type { DeviceRef, TokenRef } from '@signum/token';
import { uuidv7 } from 'uuidv7';
import type { Lifetimes } from '../../src/domain/lifetimes.ts';
import { RootSecrets } from '../../src/domain/root-secret.ts';
import type { ClientMetadata } from '../../src/domain/session.ts';
import { createSigning } from '../../src/signing/create-signing.ts';
import { readFeed } from '../../src/store/feed/read-feed.ts';
import { noteFingerprint } from '../../src/store/sessions/fingerprint.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { signPair } from '../../src/tokens/sign-pair.ts';
import type { Credentials } from './credentials.ts';

export interface Session {
  readonly ref: TokenRef;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface PopulateOptions {
  readonly count: number;
  readonly signed: boolean;
  readonly lifetimes?: Lifetimes;
  readonly metadata?: ClientMetadata;
  /** Which users to begin with; populations of one Redis must not overlap. */
  readonly firstUser: number;
}

export interface Populator {
  readonly store: Store;
  /** Begins sessions of users who have one device each, as the server would. */
  populate(options: PopulateOptions): Promise<Session[]>;
  /** The public keys that the tokens are signed with, as a JSON Web Key Set. */
  jwksJson(): string;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** Longer than any run, so that nothing expires under the load. */
const LIFETIMES: Lifetimes = {
  accessMs: 12 * HOUR_MS,
  refreshMs: 24 * HOUR_MS,
  sessionMs: 48 * HOUR_MS,
};
const CONCURRENCY = 128;
const FOREVER = { deadlineAtMs: Number.MAX_SAFE_INTEGER };

/** Makes sessions with the server's own scripts and keys, without a server in between. */
export async function openPopulator(
  redisUrl: string,
  credentials: Credentials,
): Promise<Populator> {
  const store = await openStore({
    redis: { url: redisUrl, commandTimeoutMs: 30_000, connectTimeoutMs: 5_000, name: 'bench' },
    partitions: 64,
    leaseMs: 5_000,
    policy: {
      skewMs: 60_000,
      graceMs: 10_000,
      feedMs: 12 * HOUR_MS,
      longestLifeMs: 96 * HOUR_MS,
      maxDevices: 100,
    },
    onConnectionError: () => undefined,
  });
  // As in a deployment whose edges were there first: else they would ask about each token once.
  for (const keys of store.keyspace.partitions) {
    await readFeed(store, keys, { which: 'ALL', count: 0 }, FOREVER);
  }
  const {
    signing,
    ring,
    close: stopPolling,
  } = await createSigning({
    issuer: credentials.issuer,
    rootSecrets: new RootSecrets([credentials.rootSecret]),
    keys: { kind: 'managed', algorithm: 'ES256' },
    records: store.keys,
    longestAccessMs: 24 * HOUR_MS,
    clockSkewMs: 60_000,
    pollMs: 0,
  });

  async function begin(device: DeviceRef, options: PopulateOptions): Promise<Session> {
    const outcome = await issue(
      store,
      {
        device,
        sessionId: uuidv7(),
        tokenId: uuidv7(),
        keyId: signing.currentKeyId(),
        lifetimes: options.lifetimes ?? LIFETIMES,
        policy: 'SUPERSEDE',
        proof: undefined,
        requestId: undefined,
        requestDigest: '',
        staleKeyId: '',
        allowedAudiences: [credentials.audience],
        scopes: ['read', 'write'],
        audiences: [credentials.audience],
        confirmation: undefined,
        claims: {},
        clientId: 'auth-service',
        metadata: options.metadata ?? {},
        by: 'bench',
      },
      FOREVER,
    );
    if (!('grant' in outcome)) throw new Error(`a session could not be made: ${outcome.status}`);
    const { sessionId, tokenId } = outcome.grant;
    const ref = { ...device, tokenId };
    if (!options.signed) {
      // A signature costs time and leaves no trace in the store; what it leaves is a fingerprint.
      const fingerprint = signing.fingerprint(tokenId, signing.currentKeyId());
      await noteFingerprint(store, device, tokenId, fingerprint, FOREVER);
      return { ref, sessionId, accessToken: '', refreshToken: '' };
    }
    const pair = await signPair({ store, signing }, device, outcome.grant, FOREVER);
    return { ref, sessionId, accessToken: pair.accessToken, refreshToken: pair.refreshToken };
  }

  return {
    store,
    async populate(options) {
      const sessions = new Array<Session>(options.count);
      let next = 0;
      const worker = async () => {
        while (next < options.count) {
          const index = next++;
          sessions[index] = await begin(deviceOf(options.firstUser + index), options);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, worker));
      return sessions;
    },
    jwksJson: () => ring.jwksJson(),
    async close() {
      stopPolling();
      await store.close();
    },
  };
}

/** Ids as long as UUIDs and device names usually are. */
export function deviceOf(user: number): DeviceRef {
  const userId = `018f6b1c-7b0a-7c3e-9a55-${String(user).padStart(12, '0')}`;
  return { tenantId: 'acme', userId, deviceId: 'pixel-9-pro' };
}
