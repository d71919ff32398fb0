import type { FenceWanted } from '../../domain/session.ts';
import { duration } from '../kinds/duration.ts';
import { oneOf } from '../kinds/one-of.ts';
import { defaulted } from '../setting.ts';

/** Verifiers in other processes, and who waits for them. */
export const edges = {
  title: 'Edges',
  settings: {
    leaseMs: defaulted({
      env: 'SIGNUM_EDGE_LEASE',
      kind: duration({ min: '1s', max: '30s' }),
      default: '5s',
      doc: 'How long an edge may answer by itself without hearing from a server, and how long a fenced revocation waits for one that has gone silent. The same on every server of a deployment, and checked at start; to change it, stop all of them and delete the field `lease_ms` of `signum:meta`.',
    }),
    fence: defaulted({
      env: 'SIGNUM_REVOKE_FENCE',
      kind: oneOf<FenceWanted>({ none: 'NONE', edges: 'EDGES' }),
      default: 'none',
      doc: 'Whether revocations wait until no edge accepts the token, unless a call says otherwise.',
    }),
    failoverWindowMs: defaulted({
      env: 'SIGNUM_REDIS_FAILOVER_WINDOW',
      kind: duration({ min: '0', max: '60s' }),
      default: '3s',
      doc: 'How long a primary of Redis that has been replaced may go on answering: its `min-replicas-max-lag` and a second. `signum doctor` computes it.',
    }),
  },
} as const;
