import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRedis } from './redis-process.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-redis-process-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('data survives a restart', async () => {
  const first = await startRedis({ dir, password: 'p"a ss' });
  const writer = new Redis(first.url);
  await writer.set('key', 'value');
  writer.disconnect();
  await first.stop();

  const second = await startRedis({ dir, password: 'p"a ss' });
  const reader = new Redis(second.url);
  expect(await reader.get('key')).toBe('value');
  reader.disconnect();
  await second.stop();
});

test('two servers never share a folder', async () => {
  const redis = await startRedis({ dir });
  await expect(startRedis({ dir })).rejects.toThrow('Stop it first');
  await redis.stop();
});

test('a server that cannot start says why', async () => {
  const started = startRedis({ dir, extraArgs: ['--no-such-setting', '1'] });
  await expect(started).rejects.toThrow('no-such-setting');
});
