import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { renderAcl } from '../../src/dev/redis-acl.ts';

const TEMPLATE = readFileSync(new URL('../../deploy/redis/users.acl', import.meta.url), 'utf8');

export const USER = 'signum';
export const PASSWORD = 'p-Kd83_hZ0';

/** The rules of the user in deploy/redis/users.acl, of those that this Redis knows. */
export async function rulesFor(redis: Redis): Promise<readonly string[]> {
  const knownCommands = new Set((await redis.call('COMMAND', 'LIST')) as string[]);
  const acl = renderAcl(TEMPLATE, { password: PASSWORD, knownCommands });
  const line = acl.split('\n').find((each) => each.startsWith(`user ${USER} `));
  if (line === undefined) throw new Error(`users.acl has no user ${USER}`);
  return line.split(' ').slice(2);
}

/** Makes the user on a server whose default user stays in charge, to look on. */
export async function addUser(redis: Redis): Promise<void> {
  await redis.call('ACL', 'SETUSER', USER, ...(await rulesFor(redis)));
}

/** The commands that the user may run, such as `get` and `script|load`. */
export async function allowedTo(redis: Redis): Promise<readonly string[]> {
  const rules = await rulesFor(redis);
  return rules.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1));
}

/** What the server has refused to the user, by command; and forgets it. */
export async function refusals(redis: Redis): Promise<readonly string[]> {
  const entries = (await redis.call('ACL', 'LOG', '128')) as unknown[][];
  await redis.call('ACL', 'LOG', 'RESET');
  const fields = entries.map((entry) => ({
    object: String(entry[entry.indexOf('object') + 1]),
    user: String(entry[entry.indexOf('username') + 1]),
  }));
  return [...new Set(fields.filter(({ user }) => user === USER).map(({ object }) => object))];
}

/** Every command that has run since the statistics were reset, scripts' commands included. */
export async function commandsRun(redis: Redis): Promise<ReadonlySet<string>> {
  const text = await redis.info('commandstats');
  return new Set(Array.from(text.matchAll(/^cmdstat_([^:]+):/gm), ([, name = '']) => name));
}
