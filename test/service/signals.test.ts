import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { type ServiceProcess, startService } from './service-process.ts';

const SLOW_MS = 90_000;

let sibling: TestServer;
let service: ServiceProcess;
let dir: string;

beforeAll(async () => {
  sibling = await startTestServer();
  dir = mkdtempSync(join(tmpdir(), 'signum-signals-'));
});
afterEach(() => service.destroy());
afterAll(async () => {
  await sibling.close();
  rmSync(dir, { recursive: true, force: true });
});

const isRunning = () => service.process.exitCode === null && service.process.signalCode === null;

/** To every process of the service's group, as systemd and terminals send it. */
const signalGroup = (signal: NodeJS.Signals) => process.kill(-(service.process.pid ?? 0), signal);

describe.each(['1', '2'])('with SIGNUM_WORKERS=%s', (workers) => {
  test.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s ends nothing and fails no call',
    {
      timeout: SLOW_MS,
    },
    async (signal) => {
      service = await startService(sibling, { SIGNUM_WORKERS: workers, SIGNUM_AUDIT: 'off' });
      const calls = service.callAllTheTime();
      for (let n = 0; n < 3; n++) {
        service.process.kill(signal);
        signalGroup(signal);
        await service.issue('tablet');
      }
      expect(await calls.stop()).toMatchObject({ failures: [] });
      expect(await service.isReady()).toBe(true);
      expect(isRunning()).toBe(true);
      expect(service.output()).not.toContain('Debugger listening');
      expect(service.output()).not.toContain('a worker has died');
    },
  );

  test('SIGHUP goes on in a new audit file, where every line is whole', {
    timeout: SLOW_MS,
  }, async () => {
    const file = join(dir, `audit-${workers}.jsonl`);
    const env = { SIGNUM_WORKERS: workers, SIGNUM_AUDIT: file };
    service = await startService(sibling, env);
    await service.issue('before');
    await until('it is written', () => readFileSync(file, 'utf8').includes('before'));
    renameSync(file, `${file}.1`);
    service.process.kill('SIGHUP');
    await until('the file is there again', () => existsSync(file));
    await service.issue('after');
    await until('it is written', () => readFileSync(file, 'utf8').includes('after'));
    expect(readFileSync(`${file}.1`, 'utf8')).not.toContain('after');
    for (const line of readFileSync(file, 'utf8').trim().split('\n')) JSON.parse(line);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s to the whole process group answers the calls under way and ends with 0',
    { timeout: SLOW_MS },
    async (signal) => {
      service = await startService(sibling, {
        SIGNUM_WORKERS: workers,
        SIGNUM_DRAIN_NOTICE: '1s',
      });
      const calls = service.callAllTheTime();
      await service.issue('tablet');
      signalGroup(signal);
      await until('it is not ready any more', async () => !(await service.isReady()));
      // Still served: nobody has had the time to go elsewhere.
      await service.issue('tablet');
      await calls.stop().then(({ failures }) => expect(failures).toEqual([]));
      expect(await service.ended).toEqual([0, null]);
      expect(service.output()).not.toContain('cut off');
      expect(service.output()).not.toContain('a worker has died');
    },
  );
});

test('a second SIGTERM ends the service and its workers at once', {
  timeout: SLOW_MS,
}, async () => {
  service = await startService(sibling, { SIGNUM_WORKERS: '2', SIGNUM_DRAIN_NOTICE: '5m' });
  service.process.kill('SIGTERM');
  await service.says('Again to stop at once.');
  service.process.kill('SIGTERM');
  expect(await service.ended).toEqual([143, null]);
  await expect(fetch(`${service.opsAddress}/livez`)).rejects.toThrow();
});

test('a worker that is told to end drains and is replaced', { timeout: SLOW_MS }, async () => {
  service = await startService(sibling, { SIGNUM_WORKERS: '2', SIGNUM_LOG_LEVEL: 'info' });
  const children = `/proc/${service.process.pid}/task/${service.process.pid}/children`;
  const workers = readFileSync(children, 'utf8').trim().split(' ').map(Number);
  process.kill(workers[0] ?? 0, 'SIGTERM');
  await service.says('a worker was told to end');
  await until('there are two again', () => service.isReady());
  expect(service.output()).not.toContain('a worker has died');
});
