import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { issued, newDevice, pairOf, refreshed, type Tokens, verdictOf } from '../wire/issued.ts';
import { startAnother } from './another-server.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let servers: readonly [TestServer, TestServer];
let here: Tokens;
let there: Tokens;

beforeAll(async () => {
  const first = await startTestServer();
  servers = [first, await startAnother(first)];
  here = servers[0].client(TokenService);
  there = servers[1].client(TokenService);
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

test('R12 what one server does, the other knows at once', async () => {
  const device = newDevice();
  const first = await issued(here, device);
  expect(await verdictOf(there, first.accessToken)).toBe('ACTIVE');
  const second = await refreshed(there, first.refreshToken);
  expect(await verdictOf(here, first.accessToken)).toBe('REVOKED');
  expect(await verdictOf(here, second.accessToken)).toBe('ACTIVE');
  await here.revoke({ subject: { case: 'token', value: second.accessToken } });
  expect(await verdictOf(there, second.accessToken)).toBe('REVOKED');
});

test('R12 ids are UUIDs of version 7 and unique, made by servers that do not talk', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => (i % 2 ? here : there).issue({ device: newDevice() })),
  );
  const ids = answers.flatMap((answer) => [pairOf(answer).tokenId, pairOf(answer).sessionId]);
  for (const id of ids) expect(id).toMatch(UUID_V7);
  expect(new Set(ids).size).toBe(400);
});

test('R12 a device that several servers issue for at once still ends with one token', async () => {
  const device = newDevice();
  const pairs = await Promise.all(
    Array.from({ length: 64 }, (_, i) => issued(i % 2 ? here : there, device)),
  );
  const verdicts = await Promise.all(
    pairs.map(({ accessToken }, i) => verdictOf(i % 2 ? there : here, accessToken)),
  );
  expect(verdicts.filter((verdict) => verdict === 'ACTIVE')).toHaveLength(1);
});

test('R12 racing refreshes at several servers get one successor', async () => {
  const { refreshToken } = await issued(here, newDevice());
  const pairs = await Promise.all(
    Array.from({ length: 32 }, (_, i) => refreshed(i % 2 ? here : there, refreshToken)),
  );
  expect(new Set(pairs.map(({ tokenId }) => tokenId)).size).toBe(1);
});

test('R12 a server with another partition count refuses to start beside them', async () => {
  const { env } = servers[0];
  await expect(
    startAnother({ ...servers[0], env: { ...env, SIGNUM_PARTITIONS: '8' } }),
  ).rejects.toThrow(/partition/i);
});
