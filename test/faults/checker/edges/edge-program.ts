import { connectEdge } from '@signum/edge';
import type { Acceptance, EdgeSetup, FromEdge, ToEdge } from './messages.ts';
import { monotonicMs } from './monotonic.ts';

/**
 * An edge in a process of its own, which verifies the tokens that it is told of again and again, the
 * newest most often, and tells which it accepted and when.
 */
interface Looked {
  readonly id: string;
  readonly token: string;
  /** The last acceptance that has not been told yet. */
  accepted: Acceptance | undefined;
  isRefused: boolean;
  /** The server is asked, or has just been. */
  restUntilMs: number;
}

const MOST_WATCHED = 512;
const AT_ONCE = 16;
const PAUSE_MS = 2;
const REPORT_MS = 40;
/** A token that the server was asked about is left alone for so long: it has others to serve. */
const REST_MS = 200;

const { addresses, apiKey, ca } = JSON.parse(process.env['EDGE'] ?? '') as EdgeSetup;
let watched: Looked[] = [];
let verdicts = 0;
let byServer = 0;
let wasLive = false;
let reportedMs = 0;
const served = new Map<string, number>();
const refused = new Map<string, number>();

process.on('disconnect', () => process.exit());
process.on('message', ({ watch }: ToEdge) => {
  const added = watch.map((each) => {
    return { ...each, accepted: undefined, isRefused: false, restUntilMs: 0 };
  });
  watched = [...watched, ...added].slice(-MOST_WATCHED);
});
const edge = await connectEdge({
  ...{ address: addresses, credentials: { apiKey, ca } },
  // It is looked at from the beginning, whether it can answer or not.
  ...{ waitMs: 1, askTimeoutMs: 1_000 },
});
turn();

function turn(): void {
  for (const each of watched.slice(-AT_ONCE)) look(each);
  for (let i = 0; i < AT_ONCE; i += 1) {
    const each = watched[Math.floor(Math.random() * watched.length)];
    if (each) look(each);
  }
  const isLive = edge.state === 'LIVE';
  if (isLive !== wasLive || performance.now() - reportedMs > REPORT_MS) report(isLive);
  setTimeout(turn, PAUSE_MS);
}

function look(each: Looked): void {
  if (each.restUntilMs > performance.now()) return;
  verdicts += 1;
  // Before each reading of the edge's own: it can only have looked later.
  const beforeMs = monotonicMs();
  const stalenessMs = edge.staleness();
  const askedMs = monotonicMs();
  const verdict = edge.verify(each.token);
  if (verdict instanceof Promise) {
    byServer += 1;
    each.restUntilMs = performance.now() + REST_MS;
    void verdict.then(({ active }) => {
      if (active) served.set(each.id, Math.max(askedMs, served.get(each.id) ?? 0));
    });
  } else if (verdict.active) {
    const knewMs = Math.max(beforeMs - stalenessMs, each.accepted?.[2] ?? 0);
    each.accepted = [each.id, askedMs, knewMs];
  } else if (verdict.source === 'EDGE' && !each.isRefused) {
    each.isRefused = true;
    refused.set(each.id, monotonicMs());
  }
}

function report(isLive: boolean): void {
  wasLive = isLive;
  reportedMs = performance.now();
  const accepted = watched.flatMap((each) => (each.accepted ? [each.accepted] : []));
  for (const each of watched) each.accepted = undefined;
  const told: FromEdge = {
    ...{ isLive, verdicts, byServer, accepted },
    ...{ served: [...served], refused: [...refused] },
  };
  [verdicts, byServer] = [0, 0];
  served.clear();
  refused.clear();
  process.send?.(told);
}
