import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { stylesFor } from './output.ts';

function styled(isTTY: boolean, env: Record<string, string> = {}): string {
  const stream = Object.assign(new PassThrough(), { isTTY });
  return stylesFor({ env }, stream).bad('x');
}

test('a terminal gets colours', () => {
  expect(styled(true)).toBe('\u001B[31mx\u001B[39m');
});

test('a pipe, NO_COLOR and a dumb terminal get none', () => {
  expect(styled(false)).toBe('x');
  expect(styled(true, { NO_COLOR: '1' })).toBe('x');
  expect(styled(true, { TERM: 'dumb' })).toBe('x');
  expect(styled(true, { NO_COLOR: '' })).not.toBe('x');
});
