import { expect, inject } from 'vitest';
import { primariesOf, redisClient } from '../setup/redis-client.ts';
import { startTopology } from '../setup/topology.ts';

/** A Redis that can be told to hold every script back: calls are then under way until it goes on. */
export interface PausableRedis {
  readonly url: string;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Resolves once some client's script is being held back. */
  untilBusy(): Promise<void>;
  stop(): Promise<void>;
}

const PAUSE_MS = 60_000;
/** A blocked client of the service's in CLIENT LIST: what Sentinels publish is held back too. */
const HELD_BACK = / name=signum .* flags=\S*b/;

/** Of the kind that the suite runs on, its own: a pause is one of the whole server. */
export async function startPausableRedis(): Promise<PausableRedis> {
  const topology = await startTopology(inject('redis').topology);
  const control = redisClient(topology.url);
  control.on('error', () => undefined);
  const primaries = await primariesOf(control);
  return {
    url: topology.url,
    async pause() {
      await Promise.all(primaries.map((primary) => primary.client('PAUSE', PAUSE_MS, 'WRITE')));
    },
    async resume() {
      await Promise.all(primaries.map((primary) => primary.client('UNPAUSE')));
    },
    untilBusy: () =>
      expect
        .poll(() => Promise.all(primaries.map((primary) => primary.client('LIST'))), {
          timeout: 10_000,
        })
        .toContainEqual(expect.stringMatching(HELD_BACK)),
    async stop() {
      control.disconnect();
      await topology.stop();
    },
  };
}
