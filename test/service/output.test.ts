import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSignum } from '../setup/child.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { type ServiceProcess, startService } from './service-process.ts';

const SLOW_MS = 90_000;
/** With ids of this length a line of the trail is longer than a pipe takes in one piece. */
const LONG_ID = 'é'.repeat(60);

let sibling: TestServer;
let service: ServiceProcess | undefined;
let dir: string;

beforeAll(async () => {
  sibling = await startTestServer();
  dir = mkdtempSync(join(tmpdir(), 'signum-output-'));
});
afterEach(async () => {
  await service?.destroy();
  service = undefined;
});
afterAll(async () => {
  await sibling.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Fills more than what a pipe holds with audit events. */
async function issueMany(running: ServiceProcess, count: number): Promise<void> {
  const wave = 50;
  for (let done = 0; done < count; done += wave) {
    const ids = Array.from({ length: wave }, (_, n) => `${LONG_ID}${n}`);
    await Promise.all(ids.map((id) => running.issue(id)));
  }
}

async function stopsBySigterm(running: ServiceProcess): Promise<void> {
  await running.issue('last');
  running.process.kill('SIGTERM');
  expect(await running.ended, running.output()).toEqual([0, null]);
}

/** A pipe that is open at both ends and read by nobody. */
function openUnreadPipe(): number {
  const path = join(dir, `pipe-${Math.random()}`);
  spawnSync('mkfifo', [path]);
  return openSync(path, constants.O_RDWR);
}

describe.each(['1', '2'])('with SIGNUM_WORKERS=%s', (workers) => {
  const env = { SIGNUM_WORKERS: workers, SIGNUM_AUDIT: 'stdout', SIGNUM_LOG_LEVEL: 'warn' };

  test.each(['stdout', 'stderr'] as const)(
    'it serves on when the reader of %s has gone',
    {
      timeout: SLOW_MS,
    },
    async (name) => {
      service = await startService(sibling, env);
      await service.issue('phone');
      service.process[name]?.destroy();
      await issueMany(service, 50);
      await stopsBySigterm(service);
    },
  );

  test('it serves on when nothing can be written, and counts what is lost', {
    timeout: SLOW_MS,
  }, async () => {
    const full = openSync('/dev/full', 'w');
    try {
      service = await startService(sibling, env, ['ignore', full, full]);
    } finally {
      closeSync(full);
    }
    const running = service;
    await running.issue('phone');
    await until('the loss is counted', async () => {
      const metrics = await fetch(`${running.opsAddress}/metrics`).then((answer) => answer.text());
      return /^signum_audit_dropped_total [1-9]/m.test(metrics);
    });
    await stopsBySigterm(running);
  });

  test('it serves and stops when its output is a pipe that nobody reads', {
    timeout: SLOW_MS,
  }, async () => {
    const [out, err] = [openUnreadPipe(), openUnreadPipe()];
    try {
      service = await startService(sibling, env, ['ignore', out, err]);
      await issueMany(service, 300);
      await stopsBySigterm(service);
    } finally {
      closeSync(out);
      closeSync(err);
    }
  });

  test.each(['a pipe', 'a file'])(
    'every audit line in %s is whole',
    {
      timeout: SLOW_MS,
    },
    async (where) => {
      const file = join(dir, `whole-${workers}.jsonl`);
      const SIGNUM_AUDIT = where === 'a file' ? file : 'stdout';
      service = await startService(sibling, { ...env, SIGNUM_LOG_LEVEL: 'silent', SIGNUM_AUDIT });
      let piped = '';
      service.process.stdout?.on('data', (chunk: Buffer) => {
        piped += chunk;
      });
      await issueMany(service, 300);
      await stopsBySigterm(service);
      const text = where === 'a file' ? readFileSync(file, 'utf8') : piped;
      const events = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event);
      expect(events.filter((event) => event === 'issue')).toHaveLength(301);
    },
  );

  test.each([
    ['whose folder is not there', () => join(dir, 'absent', 'audit'), 'ENOENT'],
    ['that is a folder', () => dir, 'EISDIR'],
    ['that is a pipe without a reader', makePipe, 'ENXIO'],
  ])('an audit file %s is told at start', { timeout: SLOW_MS }, async (_, makePath, code) => {
    const path = makePath();
    const child = startSignum(['serve'], { ...sibling.env, ...env, SIGNUM_AUDIT: path });
    expect(await child.ended, child.output()).toEqual([2, null]);
    expect(child.output()).toContain(
      `SIGNUM_AUDIT names ${path}, which cannot be opened for writing (${code})`,
    );
  });
});

function makePipe(): string {
  const path = join(dir, `pipe-${Math.random()}`);
  spawnSync('mkfifo', [path]);
  return path;
}

test('a command whose output cannot be written fails', async () => {
  const full = openSync('/dev/full', 'w');
  const child = startSignum(['config', '--docs'], {}, { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  expect(await child.ended).toEqual([5, null]);
  expect(child.output()).toContain('standard output cannot be written (ENOSPC)');
});
