import { describe, expect, test } from 'vitest';
import { SignumError } from '../../../domain/errors.ts';
import { parseRedisUrl } from './url.ts';

describe('every part of a Redis URL is read', () => {
  const node = (host: string, port: number) => ({ host, port });
  const standalone = { kind: 'standalone', tls: false, db: 0 };

  test.each([
    ['redis://h', { ...standalone, nodes: [node('h', 6379)] }],
    ['redis://h/', { ...standalone, nodes: [node('h', 6379)] }],
    ['redis://h:7/15', { ...standalone, nodes: [node('h', 7)], db: 15 }],
    ['valkey://10.0.0.1:7', { ...standalone, nodes: [node('10.0.0.1', 7)] }],
    ['valkeys://h', { ...standalone, tls: true, nodes: [node('h', 6379)] }],
    ['rediss://[::1]:7', { ...standalone, tls: true, nodes: [node('::1', 7)] }],
    ['redis://:p%40s%2Fs@h', { ...standalone, nodes: [node('h', 6379)], password: 'p@s/s' }],
    [
      'redis://a:p:q@h',
      { ...standalone, nodes: [node('h', 6379)], username: 'a', password: 'p:q' },
    ],
    ['redis://a@h', { ...standalone, nodes: [node('h', 6379)], username: 'a' }],
    [
      'redis+unix:///run/redis.sock',
      { kind: 'socket', tls: false, path: '/run/redis.sock', db: 0 },
    ],
    [
      'valkey+unix://a:p@/run/my%20redis.sock?db=3',
      {
        ...{ kind: 'socket', tls: false, path: '/run/my redis.sock', db: 3 },
        username: 'a',
        password: 'p',
      },
    ],
    [
      'rediss+sentinel://a:p@h,i:7/main/4?sentinel_username=s&sentinel_password=x%2By+z',
      {
        ...{ kind: 'sentinel', tls: true, masterName: 'main', db: 4, username: 'a', password: 'p' },
        nodes: [node('h', 26_379), node('i', 7)],
        ...{ sentinelUsername: 's', sentinelPassword: 'x+y+z' },
      },
    ],
    [
      'valkey+cluster://h,i',
      { kind: 'cluster', tls: false, nodes: [node('h', 6379), node('i', 6379)] },
    ],
    ['redis+cluster://h/0', { kind: 'cluster', tls: false, nodes: [node('h', 6379)] }],
  ])('%s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });
});

describe('what is not understood is refused, and not repeated', () => {
  /** Looks like nothing that a message would hold by itself. */
  const S = 'Zq7';

  test.each([
    ['more than one "@"', `redis://:p@${S}@h`],
    ['more than one "@"', `redis://a:p@${S}@h:6379/0`],
    ['more than one "@"', `redis+cluster://:p@${S}@h,i`],
    ['"@" behind a "/"', `redis://:${S}/${S}@h`],
    ['written %3F', `redis://:${S}?${S}@h`],
    ['"#"', `redis://:${S}#${S}@h`],
    ['"#"', `redis://h/0#${S}`],
    ['"%"', `redis://:${S}%@h`],
    ['"%"', `redis://:${S}%FF@h`],
    ['a space', `redis://:${S} @h`],
    ['empty', 'redis://@h'],
    ['empty', 'redis://a:@h'],
    ['a host', 'redis://'],
    ['a host', `redis://:${S}`],
    ['a host', `redis://h:${S}`],
    ['a host', 'redis://h:0'],
    ['a host', 'redis://h:65536'],
    ['a host', 'redis://[::1'],
    ['a host', 'redis://[nonsense]'],
    ['a host', 'redis+cluster://h,,i'],
    ['one host', 'redis://h,i'],
    ['number of a database', `redis://h/${S}`],
    ['number of a database', 'redis://h/-1'],
    ['number of a database', 'redis://h/01'],
    ['number of a database', 'redis://h/0/1'],
    ['database is the path', 'redis://h?db=3'],
    ['password stands before', `redis://h?password=${S}`],
    ['rediss://', 'redis://h?tls=true'],
    ['not understood', `redis://h?${S}`],
    ['not understood', `redis://h?${S}=1`],
    ['not understood', `redis://h?constructor=1`],
    ['not understood', `redis+sentinel://h/main?sentinel_pasword=${S}`],
    ['twice', `redis+sentinel://h/main?sentinel_password=${S}&sentinel_password=${S}`],
    ['empty sentinel_password', 'redis+sentinel://h/main?sentinel_password='],
    ['no sentinel_password', 'redis+sentinel://h/main?sentinel_username=a'],
    ['name of the primary', 'redis+sentinel://h'],
    ['name of the primary', 'redis+sentinel://h/'],
    ['end with the name', 'redis+sentinel://h/main/0/1'],
    ['number of a database', `redis+sentinel://h/main/${S}`],
    ['no host', 'redis+unix://h/run/redis.sock'],
    ['path of a socket', 'redis+unix://'],
    ['number of a database', 'redis+unix:///s?db=x'],
    ['database 0 only', 'redis+cluster://h/3'],
    ['database 0 only', `redis+cluster://h/${S}`],
    ['one of', `http://:${S}@h`],
    ['one of', `redis+sentinels://:${S}@h`],
    ['one of', `rediss+unix://:${S}@/s`],
    ['one of', `redis:/:${S}@h`],
    ['one of', ` redis`],
    ['one of', ''],
  ])('%s: %s', (rule, url) => {
    const read = () => parseRedisUrl(url);
    expect(read).toThrow(SignumError);
    expect(read).toThrow(
      expect.objectContaining({
        reason: 'INVALID_FIELD',
        metadata: {
          field: 'SIGNUM_REDIS_URL',
          rule: expect.stringContaining(url === ' redis' ? 'space' : rule),
        },
      }),
    );
    expect(read).not.toThrow(S);
  });
});
