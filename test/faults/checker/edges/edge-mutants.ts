import type { Mutant } from '../mutants.ts';

const SERVER = 'src/revocations';
const EDGE = 'packages/edge/src';

/**
 * What is broken between the edges, the servers and Redis: what surrounds the pure state machines, whose own
 * mutants the simulation finds (test/simulation/mutants.ts).
 */
export const EDGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'edge-acknowledges-first',
    breaks: 'an edge accepts after a fence',
    why: 'an edge says that it has applied what it has only received',
    topology: 'standalone',
    faults: ['SCRIPT FLUSH'],
    changes: [
      {
        file: `${EDGE}/feed/follow-feed.ts`,
        find: '        if (!take(response, requests)) return false;',
        replace:
          "        requests.send({ case: 'ack', value: { applied: response.sequence } });\n        setTimeout(() => take(response, requests), 40);",
      },
    ],
  },
  {
    name: 'server-acknowledges-what-it-sent',
    breaks: 'an edge accepts after a fence',
    why: 'a server takes what it has sent for applied',
    topology: 'standalone',
    faults: ['partition an edge'],
    changes: [
      {
        file: `${SERVER}/edges.ts`,
        find: 'if (told.sequence <= newest) applied(newest);',
        replace: 'applied(told.sequence);',
      },
    ],
  },
  {
    name: 'registers-after-granting',
    breaks: 'an edge accepts after a fence',
    why: 'a lease is granted first, and written into the table a little later',
    topology: 'standalone',
    faults: ['partition an edge that has just begun'],
    edges: 1,
    changes: [
      {
        file: `${SERVER}/edges.ts`,
        find: '      await save();\n      if (renewals',
        replace: '      if (renewals',
      },
      {
        file: `${SERVER}/edges.ts`,
        find: '      return true;\n    } catch {\n      renewals.failed',
        replace:
          '      await sleep(1_000);\n      await save();\n      return true;\n    } catch {\n      renewals.failed',
      },
    ],
  },
  {
    name: 'registers-once',
    breaks: 'an edge accepts after a fence',
    why: 'what stands in the table is not written again by each renewal',
    topology: 'standalone',
    faults: ['partition an edge'],
    changes: [
      {
        file: `${SERVER}/edges.ts`,
        find: '      registration = number;\n      await save();',
        replace:
          '      if (!isInTable) {\n        registration = number;\n        await save();\n      }',
      },
    ],
  },
  {
    name: 'fence-does-not-wait',
    breaks: 'an edge accepts after a fence',
    why: 'a fenced revocation returns as soon as it is committed',
    topology: 'standalone',
    faults: ['partition an edge'],
    changes: [
      {
        file: `${SERVER}/fences.ts`,
        find: 'if (places.length === 0) return',
        replace: 'if (places.length >= 0) return',
      },
    ],
  },
  {
    name: 'missed-is-not-read',
    breaks: 'an edge is staler than it says',
    why: 'a server that has lost its connection goes on where the feed stands',
    topology: 'standalone',
    faults: ['partition a server from Redis'],
    changes: [
      {
        file: `${SERVER}/partition-source.ts`,
        find: 'if (place && deployment) {',
        replace: 'if (place && deployment && partitionsRead < 0) {',
      },
      {
        file: `${SERVER}/partition-source.ts`,
        find: 'const RETRY_MS = 100;',
        replace: 'const RETRY_MS = 100;\nconst partitionsRead = 0;',
      },
    ],
  },
  {
    name: 'checkpoint-overtakes',
    breaks: 'a subscriber misses or repeats',
    why: 'a checkpoint is sent before the changes that it speaks for',
    topology: 'standalone',
    faults: ['SCRIPT FLUSH'],
    changes: [
      {
        file: `${SERVER}/hub.ts`,
        find: 'const vouched = (await of?.channels.vouch()) ?? [];\n      audience.flush();',
        replace: 'const vouched = (await of?.channels.vouch()) ?? [];',
      },
      {
        file: `${SERVER}/audience.ts`,
        find: "return Math.min(subscribers / TOLD_PER_MS[isAwaited ? 'awaited' : 'usual'], LONGEST_MS);",
        replace: 'return isAwaited ? 0 : 300;',
      },
    ],
  },
];
