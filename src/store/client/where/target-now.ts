import { isDeepStrictEqual } from 'node:util';
import { RedisMisconfigured } from '../misconfigured.ts';
import { parseRedisUrl, type RedisTarget } from './url.ts';

interface Changing {
  readonly urlNow?: (() => string) | undefined;
}

/**
 * The target with the users and passwords that its URL holds by now. One that leads somewhere else by now
 * changes nothing: passwords for that place are not to be shown here.
 * @throws RedisMisconfigured when the URL cannot be read
 */
export function targetNow(target: RedisTarget, settings: Changing): RedisTarget {
  const now = read(settings);
  return now !== undefined && isSamePlace(now, target) ? now : target;
}

/** What is wrong with the URL as it is by now, in a line; undefined if nothing is. */
export function faultOfTarget(target: RedisTarget, settings: Changing): string | undefined {
  try {
    const now = read(settings);
    return now === undefined || isSamePlace(now, target)
      ? undefined
      : 'SIGNUM_REDIS_URL leads to another place than when this server started: it goes on where it is, and with the passwords from then, until it is started again';
  } catch (error) {
    return (error as Error).message;
  }
}

function read({ urlNow }: Changing): RedisTarget | undefined {
  if (urlNow === undefined) return undefined;
  try {
    return parseRedisUrl(urlNow());
  } catch (error) {
    // Neither message holds anything of the URL.
    throw new RedisMisconfigured((error as Error).message);
  }
}

function isSamePlace(one: RedisTarget, other: RedisTarget): boolean {
  return isDeepStrictEqual(placeOf(one), placeOf(other));
}

function placeOf(target: RedisTarget): object {
  const { username: _, password: __, ...place } = target;
  if (place.kind !== 'sentinel') return place;
  const { sentinelUsername: ___, sentinelPassword: ____, ...rest } = place;
  return rest;
}
