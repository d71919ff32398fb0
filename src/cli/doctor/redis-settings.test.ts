import { expect, test } from 'vitest';
import { judgeSkew } from './examine-redis.ts';
import { judgeSettings } from './redis-settings.ts';

const SOUND_INFO = { aof_enabled: '1' };
const SOUND_CONFIG = { appendfsync: 'everysec', 'hash-max-listpack-value': '1024' };

function subjects(info: object = {}, config: object | undefined = {}): string[] {
  const settings =
    config && new Map<string, string>(Object.entries({ ...SOUND_CONFIG, ...config }));
  const all = new Map<string, string>(Object.entries({ ...SOUND_INFO, ...info }));
  return judgeSettings(all, settings).map(({ subject }) => subject);
}

test('a Redis set as it should be has no findings', () => {
  expect(subjects()).toEqual([]);
});

test('fsync that is left to the kernel is found, where there is a file to write', () => {
  expect(subjects({}, { appendfsync: 'no' })).toEqual(['appendfsync']);
  expect(subjects({ aof_enabled: '0' }, { appendfsync: 'no' })).toEqual([]);
});

test('a setting that doubles the memory of long metadata is noted', () => {
  expect(subjects({}, { 'hash-max-listpack-value': '64' })).toEqual(['hash-max-listpack-value']);
});

test('where CONFIG is refused the report says so', () => {
  const findings = judgeSettings(new Map(Object.entries(SOUND_INFO)), undefined);
  expect(findings.map(({ subject, severity }) => [subject, severity])).toEqual([
    ['CONFIG', 'note'],
  ]);
});

test('a clock is off only if the round trip cannot explain it', () => {
  expect(judgeSkew(900, 1)).toEqual([]);
  expect(judgeSkew(5_000, 4_500)).toEqual([]);
  expect(judgeSkew(-5_000, 10)[0]?.severity).toBe('warning');
  expect(judgeSkew(3_600_000, 10)[0]?.severity).toBe('error');
});
