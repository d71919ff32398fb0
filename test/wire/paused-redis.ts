import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { RedisProcess } from '../../src/dev/redis-process.ts';
import { startTestRedis } from '../setup/redis.ts';

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

export async function startPausableRedis(): Promise<PausableRedis> {
  const process: RedisProcess = await startTestRedis();
  const control = new Redis(process.url);
  control.on('error', () => undefined);
  return {
    url: process.url,
    async pause() {
      await control.client('PAUSE', PAUSE_MS, 'WRITE');
    },
    async resume() {
      await control.client('UNPAUSE');
    },
    untilBusy: () =>
      expect
        .poll(() => control.info('clients'), { timeout: 10_000 })
        .toMatch(/^blocked_clients:[1-9]/m),
    async stop() {
      control.disconnect();
      await process.stop();
    },
  };
}
