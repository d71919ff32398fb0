import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startChild } from '../setup/child.ts';
import { API_KEY, type FakeSignum, startFakeSignum } from '../setup/fake-signum.ts';
import { until } from '../setup/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let signum: FakeSignum;
let folder: string;

beforeAll(async () => {
  signum = await startFakeSignum();
  folder = mkdtempSync(join(tmpdir(), 'signum-example-'));
  writeFileSync(join(folder, 'ca.crt'), signum.ca);
});

afterAll(async () => {
  await signum.close();
  rmSync(folder, { recursive: true });
});

const EXAMPLES = ['express', 'fastify', 'hono', 'headers'];

const environment = (port: number) => ({
  ...{ SIGNUM_ADDRESS: signum.address, SIGNUM_API_KEY: API_KEY, PORT: String(port) },
  SIGNUM_CA_FILE: join(folder, 'ca.crt'),
});

/** Starts an example on a free port and waits until it listens. */
async function start(name: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [`examples/${name}/server.ts`], {
    cwd: ROOT,
    env: environment(0),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { port } = JSON.parse(String(line).replace('listening on ', ''));
  return { child, url: `http://localhost:${port}/hello` };
}

test.each(EXAMPLES)(
  'the example for %s lets good tokens in, and no other, and stops',
  async (name) => {
    const { child, url } = await start(name);
    try {
      const token = signum.token({ sub: 'ada' });
      const get = (text?: string) =>
        fetch(url, text === undefined ? {} : { headers: { authorization: `Bearer ${text}` } });
      const good = await get(token);
      expect([good.status, await good.text()]).toEqual([200, 'Hello, ada\n']);
      const none = await get();
      expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect((await get('nonsense')).status).toBe(401);
      const narrow = await get(signum.token({ scope: 'write' }));
      expect(narrow.status).toBe(403);
      expect(narrow.headers.get('www-authenticate')).toContain('scope="read"');
      signum.end(token);
      await until('the ended token is refused', async () => (await get(token)).status === 401);
    } finally {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
    }
  },
);

test.each(EXAMPLES)('the example for %s fails where its port is taken', async (name) => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const child = startChild(process.execPath, [`examples/${name}/server.ts`], environment(port));
  // Also if it goes on and the test is over its time.
  onTestFinished(async () => {
    await child.destroy();
    other.close();
  });
  expect(await child.ended).toEqual([1, null]);
  expect(child.output()).toContain('EADDRINUSE');
  expect(child.output()).not.toContain('listening on');
});
