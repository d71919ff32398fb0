import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signum } from '../security/leaks/served.ts';
import { USER } from '../setup/acl-users.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';

const WRONG = 'p-mistyped-7f3a';
const START_MS = 40_000;

const ANY_PORTS = {
  SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0',
  SIGNUM_GRPC_LISTEN: '127.0.0.1:0',
  SIGNUM_OPS_LISTEN: '127.0.0.1:0',
};

let dir: string;
let sibling: TestServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-test-refused-'));
  sibling = await startTestServer();
});
afterAll(async () => {
  await sibling?.close();
  rmSync(dir, { recursive: true, force: true });
});

test.concurrent.each([
  ['serve', () => sibling.env],
  ['dev', () => ({ ...ANY_PORTS, SIGNUM_DEV_DIR: dir })],
])(
  'a mistyped Redis password ends `signum %s` with one line that names the setting and the user',
  { timeout: START_MS },
  async (command, env) => {
    const { code, stdout, stderr } = await signum([command], {
      PATH: process.env['PATH'] ?? '',
      ...env(),
      SIGNUM_REDIS_URL: sibling.redisUrl.replace('://', `://${USER}:${WRONG}@`),
      SIGNUM_LOG_LEVEL: 'warn',
    });
    const fault = `SIGNUM_REDIS_URL has the wrong password for user ${USER}, or Redis has no such user (WRONGPASS)`;
    const [logged = '', ...failure] = stderr.trimEnd().split('\n');
    const { level, msg, ...rest } = JSON.parse(logged);
    expect({ level, msg }).toEqual({ level: 'warn', msg: `Redis connection: ${fault}` });
    expect(Object.keys(rest)).toEqual(['time']);
    expect(failure).toEqual([
      `error: CONFIG_INVALID: ${fault}`,
      expect.stringContaining('signum config'),
    ]);
    expect(stdout + stderr).not.toContain(WRONG);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  },
);
