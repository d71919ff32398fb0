import { uuidv7 } from 'uuidv7';
import type { Durability } from '../../domain/session.ts';
import { beginHistory } from '../../store/meta.ts';
import { raiseWatermark, type WatermarkOutcome } from '../../store/sessions/watermark.ts';
import { openStore } from '../../store/store.ts';
import type { DoctorConfig } from '../doctor/doctor-config.ts';

const DAY_MS = 86_400_000;
/**
 * The longest session that can be configured: the mark outlives whatever the index tells of, and is to
 * outlive as well what a damaged one does not tell of. It costs nothing to keep.
 */
const LONGEST_LIFE_MS = 3_651 * DAY_MS;
const TIMEOUT_MS = 30_000;

/**
 * Revokes whatever has begun in a store, in every partition, and begins another history, so that no
 * subscriber of the feed goes on from what it has seen. All of it, or this rejects.
 */
export async function guardStore(
  config: DoctorConfig,
  durability: Durability,
): Promise<WatermarkOutcome> {
  const { redis, lifetimes, sessions, edges } = config;
  const store = await openStore({
    redis: {
      url: redis.url.reveal(),
      caFile: redis.caFile,
      certFile: redis.certFile,
      keyFile: redis.keyFile,
      passwordFile: redis.passwordFile,
      commandTimeoutMs: TIMEOUT_MS,
      connectTimeoutMs: redis.connectTimeoutMs,
      name: 'signum-restore-guard',
    },
    partitions: redis.partitions,
    leaseMs: edges.leaseMs,
    policy: {
      skewMs: sessions.clockSkewMs,
      graceMs: sessions.refreshGraceMs,
      feedMs: lifetimes.accessMs + sessions.clockSkewMs,
      longestLifeMs: LONGEST_LIFE_MS,
      maxDevices: sessions.maxDevices,
    },
    onConnectionError: () => undefined,
  });
  try {
    const deadline = { deadlineAtMs: performance.now() + TIMEOUT_MS };
    await beginHistory(store.runner, uuidv7, deadline);
    return await raiseWatermark(store, 'all', 'restore-guard', durability, deadline);
  } finally {
    await store.close();
  }
}
