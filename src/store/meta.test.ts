import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addUser, PASSWORD, USER } from '../../test/setup/acl-users.ts';
import { startTestRedis } from '../../test/setup/redis.ts';
import { openTestStore } from '../../test/setup/store.ts';
import type { RedisProcess } from '../dev/redis-process.ts';
import { AccessMissing } from './meta.ts';

let server: RedisProcess;
let admin: Redis;

beforeAll(async () => {
  server = await startTestRedis();
  admin = new Redis(server.url);
  await addUser(admin);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

test.each([
  ['the command', '-spublish'],
  ['the channels', 'resetchannels'],
])('a user that lacks %s to tell changes is refused at the start', async (_what, rule) => {
  await addUser(admin);
  const url = server.url.replace('://', `://${USER}:${PASSWORD}@`);
  await (await openTestStore({}, url)).close();

  await admin.call('ACL', 'SETUSER', USER, rule);
  await expect(openTestStore({}, url)).rejects.toBeInstanceOf(AccessMissing);
});
