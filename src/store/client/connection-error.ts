import type { RedisTarget } from './url.ts';

/**
 * Says why a connection failed, in one line for whoever runs the server. A refused credential is told
 * by the setting that it comes from. There is no stack, which would show the client library only, and
 * nothing of a password or a command's arguments.
 */
export function describeConnectionError(error: Error, target: RedisTarget): string {
  const { message, fromSentinel } = causeOf(error);
  const code = /^(WRONGPASS|NOAUTH)\b/.exec(message)?.[1];
  if (code === undefined) return fromSentinel ? `no Sentinel can be asked: ${message}` : message;
  const refused = fromSentinel ? refusedBySentinel(target) : refusedByRedis(target);
  return `${refused} (${code})`;
}

/** What the client library has wrapped: its own message varies, or says less. */
function causeOf(error: Error): { readonly message: string; readonly fromSentinel: boolean } {
  const inner = 'lastNodeError' in error && error.lastNodeError;
  const { message } = inner instanceof Error ? inner : error;
  const wrapped = /^All sentinels are unreachable.*?(?:Last error: (.*))?$/s.exec(message);
  // Redis repeats the arguments of a command that it does not know, and AUTH may be one.
  const [said = ''] = (wrapped ? (wrapped[1] ?? 'none answers') : message).split(/,? with args /);
  return { message: said, fromSentinel: wrapped !== null };
}

function refusedByRedis({ username, password }: RedisTarget): string {
  // What stands where the user does may be the password of someone who forgot the colon.
  if (password === undefined)
    return 'Redis wants a password and SIGNUM_REDIS_URL has none; one without a user is written :password@host';
  if (username === undefined)
    return 'SIGNUM_REDIS_URL has the wrong password for the default user of Redis';
  return `SIGNUM_REDIS_URL has the wrong password for user ${username}, or Redis has no such user`;
}

function refusedBySentinel(target: RedisTarget): string {
  return target.kind === 'sentinel' && target.sentinelPassword !== undefined
    ? 'SIGNUM_REDIS_URL has the wrong sentinel_password'
    : 'Sentinel wants a password and SIGNUM_REDIS_URL has no sentinel_password';
}
