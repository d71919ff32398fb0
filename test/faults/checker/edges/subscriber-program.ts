import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { FeedState } from './feed-state.ts';
import { follow } from './follow.ts';
import type {
  EdgeSetup,
  FromSubscriber,
  KnownEnd,
  StreamReport,
  ToSubscriber,
} from './messages.ts';

/**
 * Follows the feed twice, with nothing of the edge's own but the reading of messages: as an edge, which
 * asks for checkpoints and so knows up to when each of them must have told everything; and as a plain
 * subscriber, which may be slow.
 */
const REPORT_MS = 200;
const LONGEST_WAIT_MS = 20_000;

const { addresses, apiKey, ca } = JSON.parse(process.env['EDGE'] ?? '') as EdgeSetup;
const tell = (message: FromSubscriber) => process.send?.(message);
const clients = addresses.map((baseUrl) =>
  createClient(
    FeedService,
    createGrpcTransport({ baseUrl, nodeOptions: { ca }, pingIntervalMs: 2_000 }),
  ),
);
const headers = { authorization: `Bearer ${apiKey}` };
const failWith = (name: string) => (fault: string) => tell({ faults: [`${name}: ${fault}`] });
const edge = new FeedState(failWith('as an edge'));
const plain = new FeedState(failWith('as a plain subscriber'));
/** Ends that are known for certain, by the renewal whose checkpoint must have brought them. */
let waiting: { readonly end: KnownEnd; readonly renewal: number }[] = [];
let renewal = 0;
let checked = 0;
let pausedUntilMs = 0;

process.on('disconnect', () => process.exit());
process.on('message', (message: ToSubscriber) => {
  if ('pauseMs' in message) pausedUntilMs = performance.now() + message.pauseMs;
  else if ('report' in message) void report(message.report);
  // The next renewal is sent after this, and so is what it asks for.
  else for (const end of message.ended) waiting.push({ end, renewal: renewal + 1 });
});
setInterval(() => {
  const events = edge.events + plain.events;
  tell({ checked, events, resets: edge.resets + plain.resets });
}, REPORT_MS);

void follow({
  ...{ clients, headers, state: edge, isEdge: true },
  nextRenewal: () => {
    renewal += 1;
    return renewal;
  },
  onCheckpoint: look,
  isPaused: () => false,
});
void follow({
  ...{ clients, headers, state: plain, isEdge: false },
  nextRenewal: () => 0,
  onCheckpoint: () => undefined,
  isPaused: () => performance.now() < pausedUntilMs,
});

function look(answers: number): void {
  const missed: KnownEnd[] = [];
  waiting = waiting.filter(({ end, renewal: due }) => {
    const [id, partition] = end;
    if (due > answers || !edge.isCovered(partition)) return true;
    checked += 1;
    if (!edge.knows(partition, id)) missed.push(end);
    return false;
  });
  if (missed.length > 0) tell({ missed });
}

/** Tells all that is known, once everything has come up to the heads, or will not come any more. */
async function report(heads: readonly (readonly [partition: number, revision: number])[]) {
  const endMs = performance.now() + LONGEST_WAIT_MS;
  const isThere = (state: FeedState) =>
    state.isCovered() && heads.every(([at, revision]) => state.revisionOf(at) >= revision);
  while (performance.now() < endMs && !(isThere(edge) && isThere(plain))) await sleep(20);
  const streams: StreamReport[] = [
    { name: 'as an edge', partitions: edge.report() },
    { name: 'as a plain subscriber', partitions: plain.report() },
  ];
  tell({ report: streams });
}
