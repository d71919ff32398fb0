import { PassThrough, Readable } from 'node:stream';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { expect, test } from 'vitest';
import { primariesOf, redisClient } from '../../../test/setup/redis-client.ts';
import { CallerService, startTestServer, TokenService } from '../../../test/setup/server.ts';
import { until } from '../../../test/setup/until.ts';
import type { Cli } from '../cli.ts';
import { run } from '../run.ts';

test('prints every end as it happens, for people and for scripts', async () => {
  const server = await startTestServer({ SIGNUM_DRAIN_TIMEOUT: '1s' });
  const watch = (args: readonly string[], apiKey = server.adminKey) => {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    let text = '';
    stdout.on('data', (piece) => {
      text += String(piece);
    });
    const env = {
      SIGNUM_ADDRESS: server.address,
      SIGNUM_CA_FILE: server.certificates.caFile,
      SIGNUM_API_KEY: apiKey,
    };
    const stdin = Readable.from([]);
    const now = () => new Date();
    const cli: Cli = { env, stdin, stdout, stderr, now, exitCode: 0, isService: false };
    return { code: run(cli, ['watch', ...args]), text: () => text };
  };
  const { apiKey } = await server.client(CallerService).createCaller({
    ...{ name: 'listener', permissions: [Permission.WATCH], tenants: ['acme', 'globex'] },
  });
  const people = watch([]);
  const script = watch(['--tenant', 'acme', '--json'], apiKey);
  await until(
    'both watch',
    () => /Watching all/.test(people.text()) && /watching/.test(script.text()),
  );

  const tokens = server.client(TokenService);
  for (const tenantId of ['globex', 'acme']) {
    const device = { tenantId, userId: 'ada', deviceId: 'phone' };
    await tokens.issue({ device });
    await tokens.revoke({ subject: { case: 'device', value: device } });
    await tokens.revokeTenant({ tenantId });
  }
  await until('people see it', () => people.text().includes('TENANT acme'));
  expect(people.text()).toMatch(/LOGOUT +globex \/ ada \/ phone/);
  await until('scripts see it', () => script.text().includes('"revoked"'));
  const lines = script
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[1]).toMatchObject({
    event: 'ended',
    reason: 'LOGOUT',
    device: { tenantId: 'acme', userId: 'ada', deviceId: 'phone' },
    tokenId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(lines.some((line) => line.name === 'globex')).toBe(false);

  // As if a replica had taken over: what the primary before had may be gone, which ends nothing for certain.
  const redis = redisClient(server.redisUrl);
  for (const node of await primariesOf(redis)) {
    for (const name of await node.keys('signum:{*}:watermarks')) {
      await node.hset(name, 'history', 'of-the-primary-before');
    }
    await node.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }
  redis.disconnect();
  await until('people see a loss', () => people.text().includes('sessions may be lost: partition'));
  await until('scripts see a loss', () => script.text().includes('{"event":"lost","time":"'));
  expect(people.text()).not.toContain('ALL');

  // The server going away ends both, and says so.
  await server.close();
  expect(await people.code).not.toBe(0);
  expect(await script.code).not.toBe(0);
});
