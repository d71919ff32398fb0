import { byteSize } from '../kinds/byte-size.ts';
import { duration } from '../kinds/duration.ts';
import { integer } from '../kinds/integer.ts';
import { list } from '../kinds/list.ts';
import { rate } from '../kinds/rate.ts';
import { headerName, origin } from '../kinds/url.ts';
import { defaulted } from '../setting.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** What one call, one caller and all calls together may take. */
export const limits = {
  title: 'Limits',
  settings: {
    deadlineDefaultMs: defaulted({
      env: 'SIGNUM_DEADLINE_DEFAULT',
      kind: duration({ min: '10ms', max: '60s' }),
      default: '1s',
      doc: 'Deadline of a call that brings none. What may wait for replicas, a disk or edges, as revocations and a fenced Issue do, has SIGNUM_DEADLINE_MAX.',
    }),
    deadlineMaxMs: defaulted({
      env: 'SIGNUM_DEADLINE_MAX',
      kind: duration({ min: '10ms', max: '60s' }),
      default: '10s',
      doc: 'The longest deadline a call gets, whatever it asks for. A fenced call waits for an edge that is gone as long as SIGNUM_EDGE_LEASE and, after a failover, SIGNUM_REDIS_FAILOVER_WINDOW say: where this is shorter, it ends as EDGES_UNCONFIRMED, applied, and is to be repeated.',
    }),
    maxMessageBytes: defaulted({
      env: 'SIGNUM_MAX_MESSAGE',
      kind: byteSize({ min: 8 * KIB, max: 4 * MIB }),
      default: '64KiB',
      doc: 'The largest request message.',
    }),
    maxBatchMessageBytes: defaulted({
      env: 'SIGNUM_MAX_BATCH_MESSAGE',
      kind: byteSize({ min: 8 * KIB, max: 16 * MIB }),
      default: '2MiB',
      doc: 'The largest request message of BatchValidate and ValidateStream.',
    }),
    maxInflight: defaulted({
      env: 'SIGNUM_MAX_INFLIGHT',
      kind: integer({ min: 1, max: 65_536 }),
      default: '1024',
      doc: 'Calls of one method that a worker carries out at once; more are refused at once as OVERLOADED, and calls of other methods go on.',
    }),
    corsOrigins: defaulted({
      env: 'SIGNUM_CORS_ORIGINS',
      kind: list(origin),
      default: '',
      doc: 'Origins whose pages may call from browsers; apps and extensions too.',
    }),
    corsHeaders: defaulted({
      env: 'SIGNUM_CORS_HEADERS',
      kind: list(headerName),
      default: '',
      doc: 'Request headers that these pages may send besides those of the protocols, such as `traceparent,tracestate,baggage`.',
    }),
    ratePerCaller: defaulted({
      env: 'SIGNUM_RATE_CALLER',
      kind: rate,
      default: '0',
      doc: 'Issue and Refresh calls of one service caller, over all servers. Off by default: one authentication service brings the logins of everybody.',
    }),
    ratePerUser: defaulted({
      env: 'SIGNUM_RATE_USER',
      kind: rate,
      default: '20/s:200',
      doc: 'Issue and Refresh calls for one user, over all servers. The burst lets a user with the default SIGNUM_MAX_DEVICES come back on every device at once, twice; only a runaway client meets it.',
    }),
    drainNoticeMs: defaulted({
      env: 'SIGNUM_DRAIN_NOTICE',
      kind: duration({ min: '0', max: '5m' }),
      default: '0',
      doc: 'How long after SIGTERM the server goes on as before, but not ready: as long as load balancers take to send nobody there any more; 5s suits Kubernetes.',
    }),
    readsPerUser: defaulted({
      env: 'SIGNUM_RATE_USER_READS',
      kind: rate,
      default: '5/s:50',
      doc: 'ListSessions and GetSession calls of one user with a token, over all servers. Service callers are not counted.',
    }),
    drainTimeoutMs: defaulted({
      env: 'SIGNUM_DRAIN_TIMEOUT',
      kind: duration({ min: '0', max: '10m' }),
      default: '20s',
      doc: 'How long calls in flight may take to finish after SIGTERM and SIGNUM_DRAIN_NOTICE.',
    }),
  },
} as const;
