import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAudit } from './audit.ts';
import type { AuditEvent } from './audit-event.ts';
import { type AuditSink, lineSink, openFileSink, streamSink } from './audit-sink.ts';

const EVENT: AuditEvent = {
  event: 'revoke',
  outcome: 'ok',
  requestId: 'r1',
  caller: 'desk',
  peer: '10.0.0.1',
  tenantId: 'acme',
  userId: 'u',
  deviceId: 'd',
  sessionId: 's',
  tokenId: 't',
  count: 1,
  reason: 'ADMIN',
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signum-audit-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const now = () => Date.UTC(2026, 2, 1);
const parse = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** A sink whose writes wait until they are let go, or fail. */
function gatedSink() {
  const written: string[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const sink: AuditSink = {
    async write(chunk) {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      written.push(chunk);
    },
    reopen: async () => {},
    close: async () => {},
  };
  return { sink, written, gates };
}

describe('the audit trail', () => {
  it('writes the documented shape, one line an event', async () => {
    const path = join(dir, 'audit.log');
    const audit = createAudit({ sink: await openFileSink(path), now, onDropped: () => {} });
    audit.record(EVENT);
    audit.record({
      event: 'key_rotate',
      outcome: 'denied',
      requestId: 'r2',
      caller: 'x',
      keyId: 'k',
    });
    await audit.close();
    const [first, second] = parse(readFileSync(path, 'utf8'));
    expect(first).toEqual({
      v: 1,
      time: '2026-03-01T00:00:00.000Z',
      event: 'revoke',
      outcome: 'ok',
      request_id: 'r1',
      caller: 'desk',
      peer: '10.0.0.1',
      tenant_id: 'acme',
      user_id: 'u',
      device_id: 'd',
      session_id: 's',
      token_id: 't',
      count: 1,
      reason: 'ADMIN',
    });
    expect(Object.keys(second)).toEqual([
      'v',
      'time',
      'event',
      'outcome',
      'request_id',
      'caller',
      'key_id',
    ]);
    expect(statSync(path).mode & 0o007).toBe(0);
  });

  it('names every field that it writes in its documentation', () => {
    const documented = readFileSync(
      new URL('../../docs/reference/audit-events.md', import.meta.url),
      'utf8',
    );
    const fields =
      'v time event outcome request_id caller peer tenant_id user_id device_id session_id token_id key_id target method count reason';
    for (const field of fields.split(' ')) expect(documented).toContain(`\`${field}\``);
  });

  it('appends, and goes on in a new file after rotation', async () => {
    const path = join(dir, 'audit.log');
    const open = async () =>
      createAudit({ sink: await openFileSink(path), now, onDropped: () => {} });
    const before = await open();
    before.record(EVENT);
    await before.close();
    const audit = await open();
    audit.record(EVENT);
    await audit.reopen();
    renameSync(path, `${path}.1`);
    await audit.reopen();
    audit.record(EVENT);
    await audit.close();
    expect(parse(readFileSync(`${path}.1`, 'utf8'))).toHaveLength(2);
    expect(parse(readFileSync(path, 'utf8'))).toHaveLength(1);
  });

  it('writes to a stream', async () => {
    const stream = new PassThrough();
    const audit = createAudit({ sink: streamSink(stream), now, onDropped: () => {} });
    audit.record(EVENT);
    await audit.close();
    expect(parse(String(stream.read()))).toHaveLength(1);
  });

  it('drops events beyond its bound, and says so in the trail', async () => {
    const { sink, written, gates } = gatedSink();
    let dropped = 0;
    const audit = createAudit({ sink, now, maxWaiting: 600, onDropped: (n) => (dropped += n) });
    audit.record(EVENT);
    await expect.poll(() => gates.length).toBe(1);
    for (let n = 0; n < 10; n++) audit.record(EVENT);
    expect(dropped).toBeGreaterThan(0);
    gates[0]?.resolve();
    await expect.poll(() => gates.length).toBe(2);
    gates[1]?.resolve();
    await audit.close();
    expect(parse(written[1] ?? '')[0]).toMatchObject({ event: 'audit_dropped', count: dropped });
    expect(parse(written.join('')).length - 1 + dropped).toBe(11);
  });

  it('counts what a failed write lost and starts on a new line', async () => {
    const { sink, written, gates } = gatedSink();
    const losses: unknown[] = [];
    const audit = createAudit({
      sink: lineSink(sink),
      now,
      onDropped: (n, error) => losses.push([n, error]),
    });
    audit.record(EVENT);
    await expect.poll(() => gates.length).toBe(1);
    const full = new Error('ENOSPC');
    gates[0]?.reject(full);
    await expect.poll(() => losses).toEqual([[1, full]]);
    audit.record(EVENT);
    await expect.poll(() => gates.length).toBe(2);
    gates[1]?.resolve();
    await audit.close();
    expect(written[0]).toMatch(/^\n/);
    expect(parse(written[0] ?? '').map(({ event, count }) => [event, count])).toEqual([
      ['audit_dropped', 1],
      ['revoke', 1],
    ]);
  });

  const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln';
  const KEY = `sgn_Ab12Cd34Ef56_${'x'.repeat(43)}`;

  async function recorded(about: Partial<AuditEvent>) {
    const stream = new PassThrough();
    const audit = createAudit({ sink: streamSink(stream), now, onDropped: () => {} });
    audit.record({ ...EVENT, ...about });
    await audit.close();
    return parse(String(stream.read()))[0];
  }

  it.each([
    ['a token', TOKEN, '[token]'],
    ['a token without a signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1In0.', '[token]'],
    ['a token among other things', `Bearer ${TOKEN} x`, 'Bearer [token] x'],
    ['a token behind a name', `token=${TOKEN}`, 'token=[token]'],
    ['an encrypted token', 'eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn', '[token]'],
    ['an API key', KEY, 'sgn_Ab12Cd34Ef56_[redacted]'],
    ['an API key among other things', `x ${KEY} y`, 'x sgn_Ab12Cd34Ef56_[redacted] y'],
    ['a URL with a password', 'https://u:hunter2@h', 'https://u:[redacted]@h'],
  ])('masks %s in an id', async (_, id, masked) => {
    for (const field of ['userId', 'deviceId', 'tenantId'] as const) {
      expect(JSON.stringify(await recorded({ [field]: id }))).toContain(JSON.stringify(masked));
    }
  });

  it.each([
    'phone with args beginning with: x',
    "phone, with args beginning with: 'x' 'y'",
    'eyJhbGciOiJFUzI1NiJ9.x',
    'eyJ.x.y',
    'eyJhbGciOiJFUzI1NiJ9.x.y',
    'eyJhbGciOiJFUzI1NiJ9',
    'sgn_phone_1',
    'https://devices.example/1:2',
    'a "quoted" id \\ with ://',
    'ключ://телефон',
  ])('leaves the id %s as it is', async (id) => {
    const line = await recorded({ tenantId: id, userId: id, deviceId: id });
    expect([line.tenant_id, line.user_id, line.device_id]).toEqual([id, id, id]);
  });
});
