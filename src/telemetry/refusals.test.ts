import { expect, test } from 'vitest';
import type { AuditEvent } from './audit-event.ts';
import { createRefusals } from './refusals.ts';

const EVENT: AuditEvent = {
  event: 'revoke',
  outcome: 'denied',
  requestId: 'r1',
  caller: 'anonymous',
  peer: '10.0.0.1',
  method: 'signum.v1.TokenService/Revoke',
  reason: 'CREDENTIAL_MISSING',
};

function setUp(options: { windowMs?: number; maxPeers?: number } = {}) {
  const lines: AuditEvent[] = [];
  return { lines, refusals: createRefusals({ record: (line) => lines.push(line), ...options }) };
}

test('the first of a kind is told as it is, the others as a number', () => {
  const { lines, refusals } = setUp();
  for (let n = 0; n < 1_000; n++) refusals.record({ ...EVENT, requestId: `r${n}` });
  expect(lines).toEqual([{ ...EVENT, requestId: 'r0' }]);
  refusals.flush();
  expect(lines.slice(1)).toEqual([{ ...EVENT, requestId: undefined, count: 999 }]);
  refusals.record(EVENT);
  expect(lines).toHaveLength(3);
});

test('a number is told when its time is over, without being asked', async () => {
  const { lines, refusals } = setUp({ windowMs: 5 });
  refusals.record(EVENT);
  refusals.record(EVENT);
  await expect.poll(() => lines.length).toBe(2);
  expect(lines[1]?.count).toBe(1);
});

test('other calls, reasons, callers and places are told apart', () => {
  const { lines, refusals } = setUp();
  refusals.record(EVENT);
  refusals.record({ ...EVENT, event: 'issue' });
  refusals.record({ ...EVENT, reason: 'CREDENTIAL_INVALID' });
  refusals.record({ ...EVENT, caller: 'user' });
  refusals.record({ ...EVENT, peer: '10.0.0.2' });
  expect(lines).toHaveLength(5);
});

test('from however many places, there is a bounded number of lines', () => {
  const { lines, refusals } = setUp({ maxPeers: 8 });
  for (let n = 0; n < 1_000; n++) refusals.record({ ...EVENT, peer: `2001:db8::${n}` });
  refusals.flush();
  expect(lines.length).toBeLessThanOrEqual(10);
  expect(lines.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(1_000);
  expect(lines.at(-1)?.peer).toBeUndefined();
});
