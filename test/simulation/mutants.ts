import type { Change } from '../faults/checker/mutants.ts';

/**
 * A way to break the protocol of leases and fences, which the simulation must find: in the state machines
 * that run in production, or in what the simulation has in the place of the rest.
 */
export interface ProtocolMutant {
  readonly name: string;
  readonly why: string;
  /** Changes in the text of source files. */
  readonly changes: readonly Change[];
}

const EDGE = 'packages/edge/src/core';
const SERVER = 'src/revocations/core';
/** What is assumed, or kept by the code around the state machines. */
const MODEL = 'test/simulation';

export const PROTOCOL_MUTANTS: readonly ProtocolMutant[] = [
  {
    name: 'clock-read-first',
    why: 'the monotonic clock is read before the look-ups, not after them',
    changes: [
      {
        file: `${EDGE}/verifier.ts`,
        find: '  return (token, requirements, graceMs = 0) => {\n    let row',
        replace:
          '  return (token, requirements, graceMs = 0) => {\n    readFirstMs = clock.monotonicMs();\n    let row',
      },
      {
        file: `${EDGE}/verifier.ts`,
        find: '    lastReadMs = monotonicMs;',
        replace: '    lastReadMs = monotonicMs;\n    monotonicMs = readFirstMs;',
      },
      {
        file: `${EDGE}/verifier.ts`,
        find: '  const { clock, mirror, known, readToken, hasKey, judgeKey } = deps;',
        replace:
          '  const { clock, mirror, known, readToken, hasKey, judgeKey } = deps;\n  let readFirstMs = 0;',
      },
    ],
  },
  {
    name: 'lease-from-the-answer',
    why: 'the lease is counted from when it was granted, not from when it was asked for',
    changes: [
      {
        file: `${EDGE}/lease.ts`,
        find: 'sinceMs[partition] = asked.monotonicMs;',
        replace: 'sinceMs[partition] = clock.monotonicMs();',
      },
    ],
  },
  {
    name: 'checkpoint-before-registration',
    why: 'the checkpoint is read before the lease is in the table',
    changes: [
      {
        file: `${SERVER}/renewals.ts`,
        find: "      stage = 'REGISTERING';\n      round += 1;\n      return { step: 'REGISTER', round };",
        replace:
          "      stage = 'CHECKPOINTING';\n      round += 1;\n      return { step: 'CHECKPOINT', round };",
      },
      {
        file: `${SERVER}/renewals.ts`,
        find: "if (which !== round || stage !== 'CHECKPOINTING') return undefined;\n      stage = 'IDLE';\n      return",
        replace:
          "if (which !== round || stage !== 'CHECKPOINTING') return undefined;\n      stage = 'REGISTERING';\n      return { step: 'REGISTER', round };\n      return",
      },
      {
        file: `${SERVER}/renewals.ts`,
        find: "      stage = 'CHECKPOINTING';\n      return { step: 'CHECKPOINT', round };\n    },\n    checkpointed",
        replace:
          "      stage = 'IDLE';\n      return { step: 'GRANT', renewals: served };\n    },\n    checkpointed",
      },
    ],
  },
  {
    name: 'acknowledged-before-applied',
    why: 'an event is acknowledged when it has been sent',
    changes: [
      {
        file: `${SERVER}/lease-book.ts`,
        find: 'event.missing.set(edge, sequence);',
        replace: 'event.missing.delete(edge);',
      },
    ],
  },
  {
    name: 'blind-renewal',
    why: 'a lease is renewed without a checkpoint',
    changes: [
      {
        file: `${EDGE}/lease.ts`,
        find: '    asked(renewal) {\n      waiting.set(renewal, readAsked());',
        replace:
          '    asked(renewal) {\n      waiting.set(renewal, readAsked());\n      if (newest) for (let p = 0; p < partitions; p += 1) if ((sinceMs[p] as number) > 0) sinceMs[p] = clock.monotonicMs();',
      },
    ],
  },
  {
    name: 'overflow-drops',
    why: 'what does not fit into the outbox is left out',
    changes: [
      {
        file: `${SERVER}/outbox.ts`,
        find: '        clear();\n        overflowed = true;\n        return;',
        replace: '        return;',
      },
    ],
  },
  {
    name: 'cursor-without-entry-id',
    why: 'a cursor is a revision alone',
    changes: [
      {
        file: `${SERVER}/join-feed.ts`,
        find: 'return cursor.entryId === entryIdAtCursor',
        replace: 'return entryIdAtCursor !== undefined',
      },
      {
        file: `${SERVER}/join-feed.ts`,
        find: 'cursor.revision === head.revision && cursor.entryId === head.entryId',
        replace: 'cursor.revision === head.revision',
      },
    ],
  },
  {
    name: 'no-probation',
    why: 'a primary is trusted as soon as it is seen',
    changes: [
      {
        file: `${SERVER}/sightings.ts`,
        find: 'return sinceMs + surelyMs(deposedMs + leaseMs);',
        replace: 'return sinceMs;',
      },
    ],
  },
  {
    name: 'same-second-decided',
    why: 'whether a token was issued before a watermark of the same second is guessed',
    changes: [
      {
        file: `${EDGE}/watermarks.ts`,
        find: "return order < 0 ? 'TENANT' : 'UNSURE';",
        replace: "return order < 0 ? 'TENANT' : 'LIVE';",
      },
    ],
  },
  {
    name: 'known-by-signature',
    why: 'a token is known by its signature, whatever else its text says',
    changes: [
      {
        file: `${EDGE}/known-tokens.ts`,
        find: 'texts[2 * row] === token',
        replace: "String(texts[2 * row]).split('.')[2] === token.split('.')[2]",
      },
    ],
  },
  {
    name: 'known-by-prefix',
    why: 'a token is known by how its text begins',
    changes: [
      {
        file: `${EDGE}/known-tokens.ts`,
        find: 'texts[2 * row] === token',
        replace: 'String(texts[2 * row]).slice(0, 12) === token.slice(0, 12)',
      },
    ],
  },
  {
    name: 'edges-forgotten-with-their-connection',
    why: 'an edge whose connection has ended is not waited for',
    changes: [
      {
        file: `${SERVER}/lease-book.ts`,
        find: '    left(edge) {\n',
        replace:
          '    left(edge) {\n      leases.delete(edge);\n      for (const { missing } of open) missing.delete(edge);\n',
      },
    ],
  },
  {
    name: 'waits-too-short',
    why: 'the waiter waits a little too short',
    changes: [
      {
        file: `${SERVER}/lease-terms.ts`,
        find: 'return durationMs * (1 + CLOCK_DRIFT);',
        replace: 'return durationMs - 15;',
      },
    ],
  },
  {
    name: 'clocks-not-compared',
    why: 'a machine that slept goes on with its lease',
    changes: [
      {
        file: `${EDGE}/lease.ts`,
        find: 'if (movedMs < -CLOCK_TOLERANCE_MS || movedMs > CLOCK_TOLERANCE_MS) {',
        replace: 'if (Number.isNaN(movedMs)) {',
      },
      {
        file: `${EDGE}/lease.ts`,
        find: ' + Math.max(0, movedMs);',
        replace: ';',
      },
      {
        file: `${EDGE}/lease.ts`,
        find: 'return wallMs > CLOCK_TOLERANCE_MS || uptimeMs >',
        replace: 'return wallMs + uptimeMs < 0 || uptimeMs - uptimeMs >',
      },
    ],
  },
  {
    name: 'granted-without-asking',
    why: 'a lease is granted without asking any primary to vouch',
    changes: [
      {
        file: `${SERVER}/renewals.ts`,
        find: "      stage = 'CHECKPOINTING';\n      return { step: 'CHECKPOINT', round };\n    },\n    checkpointed",
        replace:
          "      stage = 'IDLE';\n      return { step: 'GRANT', renewals: served };\n    },\n    checkpointed",
      },
    ],
  },
  {
    name: 'any-cursor-fits',
    why: 'a subscriber goes on from whatever place it names',
    changes: [
      {
        file: `${SERVER}/join-feed.ts`,
        find: "if (cursor.deploymentId !== deploymentId) return 'OTHER_DEPLOYMENT';",
        replace: "if (cursor.revision >= 0) return 'CONTINUE';",
      },
    ],
  },
  {
    name: 'forgotten-during-a-load',
    why: 'what comes while a subscriber is told the state before is not told',
    changes: [{ file: `${MODEL}/server.ts`, find: '      reading.push(entry);\n', replace: '' }],
  },
  {
    name: 'lease-by-the-time-of-day',
    why: 'a lease is counted by the time of day, which somebody may put back by a little',
    changes: [
      {
        file: `${EDGE}/lease.ts`,
        find: 'return monotonicMs - (sinceMs[partition] as number) + Math.max(0, movedMs);',
        replace:
          'return wallMs - (sinceMs[partition] as number) - (wallAheadMs[partition] as number);',
      },
    ],
  },
  {
    name: 'short-sleep-not-counted',
    why: 'a sleep that is too short to void a lease is not counted as time that has passed',
    changes: [{ file: `${EDGE}/lease.ts`, find: ' + Math.max(0, movedMs);', replace: ';' }],
  },
  {
    name: 'half-a-state',
    why: 'a partition is answered for while it is told anew',
    changes: [{ file: `${EDGE}/mirror.ts`, find: '    lease?.lapse(partition);\n', replace: '' }],
  },
  {
    name: 'vouched-for-what-is-not-covered',
    why: 'a checkpoint counts for partitions that it does not speak for',
    changes: [{ file: `${EDGE}/mirror.ts`, find: ' && !left.has(partition)', replace: '' }],
  },
  {
    name: 'watermark-passed-over',
    why: 'a token that was judged before is not judged again when a watermark comes',
    changes: [
      {
        file: `${EDGE}/mirror.ts`,
        find: '      mark(partition, change.watermark);\n      rules += 1;',
        replace: '      mark(partition, change.watermark);',
      },
    ],
  },
  {
    name: 'any-revision-confirmed',
    why: 'an earlier revision that edges have confirmed passes for a later one',
    changes: [{ file: `${SERVER}/fence.ts`, find: ' && found.revision >= revision', replace: '' }],
  },
  {
    name: 'probation-too-short',
    why: 'a primary that was replaced is not given the time in which it may still answer',
    changes: [
      {
        file: `${SERVER}/sightings.ts`,
        find: 'surelyMs(deposedMs + leaseMs)',
        replace: 'surelyMs(leaseMs)',
      },
    ],
  },
  {
    name: 'old-primary-vouches',
    why: 'a primary that was replaced goes on vouching for as long as somebody asks it',
    changes: [
      {
        file: `${MODEL}/server.ts`,
        find: '      if (!store.answers(node)) return;\n      timeMs',
        replace: '      timeMs',
      },
    ],
  },
  {
    name: 'clocks-run-apart',
    why: 'clocks run at rates that differ by more than they may',
    changes: [
      {
        file: `${MODEL}/world.ts`,
        find: '(2 * random.next() - 1) * 0.999',
        replace: '(2 * random.next() - 1) * 20',
      },
    ],
  },
  {
    name: 'confirmed-of-another-history',
    why: 'what edges have confirmed of a history that was lost passes for a confirmation of this one',
    changes: [{ file: `${SERVER}/fence.ts`, find: 'found.primary === primary && ', replace: '' }],
  },
  {
    name: 'loss-told-late',
    why: 'a partition of another primary is told, and vouched for, before what it may have lost',
    changes: [
      {
        file: `${MODEL}/store.ts`,
        find: '      noteHistory(node);\n      return [...node.log];',
        replace:
          '      const read = [...node.log];\n      world.after(500, () => noteHistory(node));\n      return read;',
      },
    ],
  },
  {
    name: 'loss-passed-over',
    why: 'a token is accepted whose session may have been lost',
    changes: [
      {
        file: `${EDGE}/verifier.ts`,
        find: "if (mirror.losses.isDoubtful(partition, issuedAtS, confirmed)) return unsure('LOSS');",
        replace: '',
      },
    ],
  },
  {
    name: 'confirmed-before-the-loss',
    why: 'an answer that was asked for before a loss confirms that nothing was lost',
    changes: [
      {
        file: `${EDGE}/confirm.ts`,
        find: '    const confirmed = mirror.losses.askedNow(partition, clock.monotonicMs());\n    return () => {',
        replace:
          '    return () => {\n      const confirmed = mirror.losses.askedNow(partition, clock.monotonicMs());',
      },
    ],
  },
  {
    name: 'confirmed-by-the-primary-before',
    why: 'an answer confirms that nothing was lost while the primary before may have given it',
    changes: [
      {
        file: `${EDGE}/losses.ts`,
        find: 'if (monotonicMs - toldMs <= spanMs) return 0;',
        replace: 'if (monotonicMs - toldMs < 0 * spanMs) return 0;',
      },
    ],
  },
  {
    name: 'confirmed-for-good',
    why: 'what was confirmed after one loss counts as confirmed after the next',
    changes: [
      {
        file: `${EDGE}/losses.ts`,
        find: 'confirmed < loss.number',
        replace: 'confirmed < Math.min(1, loss.number)',
      },
    ],
  },
  {
    name: 'loss-by-one-clock',
    why: 'what the primary before may have issued later, or by another clock, is not taken for lost',
    changes: [
      {
        file: `${EDGE}/losses.ts`,
        find: 'return timeMs + failoverWindowMs + clockSkewMs;',
        replace: 'return timeMs + 0 * (failoverWindowMs + clockSkewMs);',
      },
    ],
  },
];
