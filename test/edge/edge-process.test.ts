import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Child, startSignum } from '../setup/child.ts';
import { CallerService } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { authz, GATEWAY_KEY, serveEdges, statusOf } from './serve-edges.ts';

const { dir, apiKey, client, newCaller, edgeEnv, start, issue, closeServer, restartServer } =
  serveEdges();

test('signum edge goes on while every server restarts, until its lease is over, and comes back', {
  timeout: 60_000,
}, async () => {
  const { addresses } = await start();
  const token = await issue();
  const ready = async () =>
    (await fetch(`http://127.0.0.1:${addresses.operations.port}/readyz`)).status;
  expect(await statusOf(addresses.http, token)).toBe(200);
  await closeServer();
  try {
    expect(await authz(addresses.http, token)).toMatchObject({ status: 200 });
    await until('the lease is over', async () => (await statusOf(addresses.http, token)) === 503);
    const outage = await authz(addresses.http, token);
    expect(outage.headers).toMatchObject({
      ...{ 'x-signum-error': 'STORE_UNAVAILABLE', 'retry-after': '1' },
    });
    expect(outage.headers).not.toHaveProperty('www-authenticate');
    expect(outage.headers).not.toHaveProperty('signum-staleness-ms');
    expect(await ready()).toBe(503);
  } finally {
    await restartServer();
  }
  await until('it answers again', async () => (await statusOf(addresses.http, token)) === 200);
  await until('it is ready again', async () => (await ready()) === 200);
});

describe('signum edge as a process', () => {
  let child: Child | undefined;
  afterEach(async () => {
    await child?.destroy();
  });

  test('takes other credentials on SIGHUP, keeps good ones, and drains on SIGTERM', {
    timeout: 60_000,
  }, async () => {
    const path = join(dir(), 'process');
    const keyFile = join(dir(), 'edge-key');
    const gatewayKeyFile = join(dir(), 'gateway-key');
    writeFileSync(keyFile, await newCaller('before'));
    writeFileSync(gatewayKeyFile, GATEWAY_KEY);
    const settings = join(dir(), 'settings.json');
    writeFileSync(settings, JSON.stringify({ edge_gateway_key_file: gatewayKeyFile }));
    const { SIGNUM_API_KEY: _, ...env } = edgeEnv({
      SIGNUM_EDGE_LISTEN: `unix:${path}`,
      SIGNUM_API_KEY_FILE: keyFile,
      SIGNUM_CONFIG_FILE: settings,
      SIGNUM_LOG_LEVEL: 'warn',
    });
    child = startSignum(['edge'], env);
    await child.says('Who may ask');
    const ask = async (key: string, token?: string) =>
      statusOf({ path }, token ?? (await issue()), { headers: { 'x-signum-key': key } });
    expect(await ask(GATEWAY_KEY)).toBe(200);

    const next = 'n'.repeat(43);
    writeFileSync(gatewayKeyFile, next);
    writeFileSync(keyFile, await newCaller('after'));
    child.process.kill('SIGHUP');
    await until('the next key is taken', async () => (await ask(next)) === 200);
    expect(await ask(GATEWAY_KEY)).toBe(500);
    await client(CallerService).deleteCaller({ name: 'before' });
    // A token of another tenant: of that the server is asked, by the next credential.
    const foreign = await issue({ tenantId: 'umbrella' });
    await until('the server answers it', async () => (await ask(next, foreign)) === 401);

    const told = readFileSync(settings);
    writeFileSync(settings, '{}');
    child.process.kill('SIGHUP');
    await child.says('holds no key any more, kept the old');
    expect(await ask(next)).toBe(200);
    expect(await ask('anything')).toBe(500);
    writeFileSync(settings, told);
    writeFileSync(gatewayKeyFile, 'short');
    child.process.kill('SIGHUP');
    await child.says('CONFIG_INVALID');
    expect(await ask(next)).toBe(200);

    child.process.kill('SIGTERM');
    expect(await child.ended).toEqual([0, null]);
    expect(() => statSync(path)).toThrow();
    expect(child.output()).not.toContain(next);
  });

  test('says why it cannot start', { timeout: 60_000 }, async () => {
    child = startSignum(['edge'], edgeEnv({ SIGNUM_API_KEY: `${apiKey().slice(0, -3)}AAA` }));
    expect(await child.ended).toEqual([3, null]);
    expect(child.output()).toContain('EDGE_CREDENTIALS');
  });
});
