import { expect, test } from 'vitest';
import { judgeSkew } from './examine-redis.ts';
import { judgeSettings } from './redis-settings.ts';

const SOUND_INFO = {
  redis_version: '7.4.1',
  connected_slaves: '1',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
};
const SOUND_CONFIG = { appendfsync: 'everysec', 'min-replicas-to-write': '1' };

function subjects(info: object = {}, config: object | undefined = {}): string[] {
  const settings =
    config && new Map<string, string>(Object.entries({ ...SOUND_CONFIG, ...config }));
  const all = new Map<string, string>(Object.entries({ ...SOUND_INFO, ...info }));
  return judgeSettings(all, settings).map(({ subject }) => subject);
}

test('a Redis set as it should be has no findings', () => {
  expect(subjects()).toEqual([]);
});

test('an old version, lazy fsync and failing writes are found', () => {
  expect(subjects({ redis_version: '6.2.14' })).toEqual(['version']);
  expect(subjects({}, { appendfsync: 'no' })).toEqual(['appendfsync']);
  expect(subjects({ aof_last_write_status: 'err' })).toEqual(['aof_last_write_status']);
});

test('replicas must be required once there are any', () => {
  const none = { 'min-replicas-to-write': '0' };
  expect(subjects({}, none)).toEqual(['min-replicas-to-write']);
  expect(subjects({ connected_slaves: '0' }, none)).toEqual([]);
});

test('where CONFIG is refused INFO decides, and the report says so', () => {
  const all = new Map(Object.entries({ ...SOUND_INFO, min_slaves_good_slaves: '1' }));
  const findings = judgeSettings(all, undefined);
  expect(findings.map(({ subject, severity }) => [subject, severity])).toEqual([
    ['CONFIG', 'note'],
  ]);
  all.delete('min_slaves_good_slaves');
  expect(judgeSettings(all, undefined)[0]?.subject).toBe('min-replicas-to-write');
});

test('a clock is off only if the round trip cannot explain it', () => {
  expect(judgeSkew(900, 1)).toEqual([]);
  expect(judgeSkew(5_000, 4_500)).toEqual([]);
  expect(judgeSkew(-5_000, 10)[0]?.severity).toBe('warning');
  expect(judgeSkew(3_600_000, 10)[0]?.severity).toBe('error');
});
