import type { Change } from '../faults/checker/mutants.ts';

/** A way to break the protocol of leases and fences, which the simulation must find. */
export interface ProtocolMutant {
  readonly name: string;
  readonly why: string;
  /** Changes in the text of source files. */
  readonly changes: readonly Change[];
}

const EDGE = 'packages/edge/src/core';
const SERVER = 'src/revocations/core';

export const PROTOCOL_MUTANTS: readonly ProtocolMutant[] = [
  {
    name: 'clock-read-first',
    why: 'the monotonic clock is read before the look-ups, not after them',
    changes: [
      {
        file: `${EDGE}/verifier.ts`,
        find: '  return (token, demands, graceMs = 0) => {\n    let row',
        replace:
          '  return (token, demands, graceMs = 0) => {\n    readFirstMs = clock.monotonicMs();\n    let row',
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
];
