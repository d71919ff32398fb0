import { expect, test } from 'vitest';
import { createConfirm } from './confirm.ts';
import type { FeedPart } from './feed-message.ts';
import { createKnownTokens } from './known-tokens.ts';
import { createMirror } from './mirror.ts';
import { createVerifier } from './verifier.ts';

const TOKEN = `header.payload.${'s'.repeat(86)}`;
const ID = '0199f000-0000-7000-8000-00000000000a';
const KIND = { tenantId: 'acme', keyId: 'k1', scopes: ['read'], audiences: ['api'] };
const FACTS = { tokenId: ID, partition: 0, issuedAtS: 1_000, expiresAtS: 2_000, kind: KIND };
const REQUIREMENTS = { scopes: [], audiences: [] };
const WELCOME: FeedPart = {
  ...{ kind: 'WELCOME', deploymentId: 'd', partitions: 2, leaseMs: 1_000 },
  ...{ issuer: 'i', audiences: ['api'], clockSkewMs: 500, failoverWindowMs: 1_000, tenantIds: [] },
};
const SNAPSHOT: FeedPart = {
  ...{ kind: 'SNAPSHOT', partition: 0, first: true, last: true, watermarks: [] },
  ended: { tokenIds: new Uint8Array(), expiresAtS: [], reasons: [] },
};

const EVENT: FeedPart = {
  kind: 'EVENTS',
  events: [
    {
      ...{ partition: 0, revision: 1, entryId: '1-0', awaited: false },
      change: { watermark: { scope: { keyId: 'k2' }, timeMs: 1, revision: 1 } },
    },
  ],
};

function edgeOf() {
  const now = { monotonicMs: 0, wallMs: 0, uptimeMs: 0 };
  /** What happens when a clock is read. */
  const on: { read: (clock: string) => void } = { read: () => {} };
  const read = (clock: keyof typeof now) => () => {
    const value = now[clock];
    on.read(clock);
    return value;
  };
  const clock = {
    ...{ monotonicMs: read('monotonicMs'), wallMs: read('wallMs'), uptimeMs: read('uptimeMs') },
    uptimeStepMs: 10,
  };
  const known = createKnownTokens({ maxTokens: 10 });
  const mirror = createMirror({ clock, onDeployment: () => {}, onKeys: () => {} });
  const verify = createVerifier({
    ...{ clock, mirror, known, hasKey: () => true, judgeKey: () => 'UNSURE' as const },
    readToken: () => ({ facts: FACTS }),
  });
  let sequence = 0;
  const tell = (...parts: readonly FeedPart[]) => {
    sequence += 1;
    return mirror.apply({ sequence, parts });
  };
  const pass = (durationMs: number, clocks = Object.keys(now) as (keyof typeof now)[]) => {
    for (const each of clocks) now[each] += durationMs;
  };
  const grant = (renewal: number, uncovered: readonly number[] = []) => {
    mirror.lease?.asked(renewal);
    return tell({ kind: 'CHECKPOINT', renewal, timeMs: 1_500_000, moved: [], uncovered });
  };
  tell(WELCOME);
  tell(SNAPSHOT);
  tell({ ...SNAPSHOT, partition: 1 } as FeedPart);
  const confirm = createConfirm({ clock, mirror, known });
  const asks = () => confirm(TOKEN);
  return { verify: () => verify(TOKEN, REQUIREMENTS), asks, mirror, tell, pass, grant, on, now };
}

test('accepts under a lease, and not before and not after', () => {
  const { verify, grant, pass } = edgeOf();
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
  grant(1);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  pass(998.9);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  pass(0.1);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('counts the lease from when it was asked for, not from when the answer came', () => {
  const { verify, mirror, tell, pass } = edgeOf();
  mirror.lease?.asked(1);
  pass(900);
  tell({ kind: 'CHECKPOINT', renewal: 1, timeMs: 1_500_000, moved: [], uncovered: [] });
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  pass(99);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('reads the monotonic clock last: a pause on the way there ends the lease', () => {
  const { verify, grant, pass, on } = edgeOf();
  grant(1);
  pass(960);
  on.read = (clock) => {
    if (clock === 'wallMs') pass(40);
  };
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('a sleep that a pause would make up for is noticed all the same', () => {
  const { verify, grant, pass, on } = edgeOf();
  grant(1);
  pass(500, ['wallMs', 'uptimeMs']);
  on.read = (clock) => {
    if (clock === 'wallMs') pass(500);
  };
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('a reading of the answer before serves, and only for a moment', () => {
  const { verify, grant, pass, on } = edgeOf();
  grant(1);
  const read: string[] = [];
  on.read = (clock) => read.push(clock);
  verify();
  expect(read).toEqual(['wallMs', 'monotonicMs', 'wallMs', 'monotonicMs']);
  read.length = 0;
  pass(0.4);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  expect(read).toEqual(['wallMs', 'monotonicMs']);
  // Counted from long ago, the time of day would have advanced.
  pass(500);
  pass(-60, ['wallMs']);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('a machine that slept, or whose clock was set, asks until it has another lease', () => {
  const { verify, grant, pass } = edgeOf();
  grant(1);
  pass(51, ['wallMs', 'uptimeMs']);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
  grant(2);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  pass(-51, ['wallMs']);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('a short sleep counts as time that has passed', () => {
  const { verify, grant, pass, mirror } = edgeOf();
  grant(1);
  pass(40, ['wallMs', 'uptimeMs']);
  pass(950);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  expect(mirror.lease?.stalenessMs()).toBe(990);
  pass(9);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('what was asked for before the clocks moved apart grants nothing', () => {
  const { verify, mirror, tell, pass } = edgeOf();
  mirror.lease?.asked(1);
  pass(200, ['uptimeMs']);
  tell({ kind: 'CHECKPOINT', renewal: 1, timeMs: 1_500_000, moved: [], uncovered: [] });
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('a partition that a checkpoint does not speak for, or that is reset, is not answered for', () => {
  const { verify, grant, tell, mirror } = edgeOf();
  grant(1, [0]);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
  grant(2);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  tell({ kind: 'RESET', partition: 0 });
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
  grant(3);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
  expect(mirror.ready).toBe(1);
});

test('an ended token is refused whatever the lease, until its partition is told anew', () => {
  const { verify, grant, tell } = edgeOf();
  const tokenId = Uint8Array.from(Buffer.from(ID.replaceAll('-', ''), 'hex'));
  const ended = { tokenId, expiresAtS: 2_000, reason: 5 };
  const event = { partition: 0, revision: 1, entryId: '1-0', awaited: true, change: { ended } };
  grant(1);
  expect(tell({ kind: 'EVENTS', events: [event] })).toBe('ACKNOWLEDGE');
  expect(verify()).toEqual({ answer: 'ENDED', reason: 5 });
  tell(SNAPSHOT);
  grant(2);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
});

test('a token that Redis may have lost is asked about until the server has said that it is there', () => {
  const { verify, asks, grant, tell, pass } = edgeOf();
  const timeMs = (FACTS.issuedAtS + 1) * 1_000;
  const lost = { scope: { lost: 'a' }, timeMs, revision: 1 } as const;
  grant(1);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  const before = asks();
  tell({ ...SNAPSHOT, watermarks: [lost] } as FeedPart);
  grant(2);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'LOSS' });
  before();
  asks()();
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'LOSS' });
  pass(1_001.1);
  grant(3);
  asks()();
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  const watermark = { scope: { tenantId: 'other' }, timeMs, revision: 2 } as const;
  tell({ ...SNAPSHOT, watermarks: [lost, watermark] } as FeedPart);
  grant(4);
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
});

test('what does not join on breaks the stream, and everything that was known goes', () => {
  const message: FeedPart = { kind: 'RESET', partition: 9 };
  const { tell, grant, verify, mirror } = edgeOf();
  grant(1);
  expect(tell(message)).toBe('BROKEN');
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
  expect(mirror.cursor()).toBeUndefined();
});

test('a message is applied as a whole: what it ends is ended before its checkpoint counts', () => {
  const { verify, tell, mirror } = edgeOf();
  const tokenId = Uint8Array.from(Buffer.from(ID.replaceAll('-', ''), 'hex'));
  const ended = { tokenId, expiresAtS: 2_000, reason: 5 };
  const of = { entryId: '1-0', awaited: true, change: { ended } };
  mirror.lease?.asked(1);
  const told = tell(
    { kind: 'EVENTS', events: [0, 1].map((partition) => ({ ...of, partition, revision: 1 })) },
    { kind: 'CHECKPOINT', renewal: 1, timeMs: 1_500_000, moved: [], uncovered: [] },
  );
  expect(told).toBe('ACKNOWLEDGE');
  expect(verify()).toEqual({ answer: 'ENDED', reason: 5 });
  expect(mirror.lease?.held()).toBe(2);
  expect(mirror.cursor()?.partitions).toHaveLength(2);
});

test.each<[string, readonly FeedPart[]]>([
  ['no parts', []],
  ['a welcome that is not the first', [WELCOME]],
  ['an event of a partition that is not known', [{ kind: 'RESET', partition: 0 }, EVENT]],
  ['an event that was told already', [EVENT, EVENT]],
])('a message with %s breaks the stream', (_what, parts) => {
  const { tell, verify, grant } = edgeOf();
  grant(1);
  expect(tell(...parts)).toBe('BROKEN');
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'STALE' });
});

test('a number of partitions that cannot be kept apart breaks the stream', () => {
  for (const partitions of [0, 65_537]) {
    const { mirror } = edgeOf();
    mirror.connecting();
    expect(mirror.apply({ sequence: 1, parts: [{ ...WELCOME, partitions } as FeedPart] })).toBe(
      'BROKEN',
    );
  }
});

test('a token expires by the time of the store, and near that the server is asked', () => {
  const { verify, mirror, tell, pass } = edgeOf();
  mirror.lease?.asked(1);
  pass(100);
  tell({ kind: 'CHECKPOINT', renewal: 1, timeMs: 1_999_500, moved: [], uncovered: [] });
  expect(verify()).toMatchObject({ answer: 'ACTIVE' });
  pass(450);
  expect(verify()).toEqual({ answer: 'UNSURE', why: 'EXPIRY' });
  pass(100);
  expect(verify()).toEqual({ answer: 'REFUSED', fault: 'EXPIRED' });
});
