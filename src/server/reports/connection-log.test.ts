import { expect, test } from 'vitest';
import { createLog } from '../../telemetry/log.ts';
import { createConnectionLog } from './connection-log.ts';

test('a line is not repeated within 30 s, and others are told meanwhile', () => {
  let nowMs = 1_000;
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line).msg) };
  const tell = createConnectionLog({
    log: createLog({ level: 'warn', destination }),
    nowMs: () => nowMs,
  });
  tell('refused');
  tell('refused');
  nowMs += 29_999;
  tell('refused');
  tell('reset');
  expect(lines).toEqual(['Redis connection: refused', 'Redis connection: reset']);
  nowMs += 1;
  tell('refused');
  tell('reset');
  expect(lines.slice(2)).toEqual(['Redis connection: refused']);
});
