import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { distance, instant } from './instants.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');

test('an instant is RFC 3339 in UTC, with its distance from now', () => {
  const at = timestampFromMs(NOW.getTime() + 899_500);
  expect(instant(at, NOW)).toBe('2026-01-02T03:19:05Z (in 14 min 59 s)');
  expect(instant(undefined, NOW)).toBe('-');
});

test.each([
  [0, 'now'],
  [999, 'now'],
  [-1_000, '1 s ago'],
  [60_000, 'in 1 min'],
  [3_601_000, 'in 1 h'],
  [-90_061_000, '1 d 1 h ago'],
  [30 * 86_400_000, 'in 30 d'],
])('%i ms is told as "%s"', (ms, text) => {
  expect(distance(ms)).toBe(text);
});
