// The process that runSubscribers starts: subscribers of the feed, each on a connection of its own, and
// one who ends sessions meanwhile. Prints a FanoutResult as JSON.
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
  WatchRequestSchema,
  WatchResponseSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import { cpuMs, residentBytes } from '../lab/proc.ts';
import { framed, frameReader } from './grpc-frames.ts';
import { readRequests } from './http-request.ts';
import type { FanoutPlan, FanoutResult } from './run-subscribers.ts';

const WATCH = '/signum.v1.FeedService/Watch';
const REVOKE = '/signum.v1.TokenService/Revoke';
const RENEW_MS = 250;
const LOOK_MS = 250;
const SETTLE_MS = 1_000;
const GIVE_UP_MS = 30_000;
/** Fields of WatchResponse, WatchPart and WatchEvents. */
const [PARTS, EVENTS, EVENT] = [2, 4, 1];

const plan = JSON.parse(process.argv[2] ?? '') as FanoutPlan;
const tls = plan.caFile && { ca: readFileSync(plan.caFile), servername: 'localhost' };
const revocations = readRequests(readFileSync(plan.revocationFile));

interface Subscriber {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  isReady: boolean;
  events: number;
  responses: number;
  renewal: number;
}

const subscribers: Subscriber[] = [];
let turn = 0;
for (let i = 0; i < plan.subscribers; i += 1) {
  subscribers.push(subscribe());
  if (i % 20 === 19) await delay(20);
}
await until(() => subscribers.every(({ isReady }) => isReady));
const renewing = plan.edge ? setInterval(renewSome, RENEW_MS / 10) : undefined;
await delay(SETTLE_MS);

const told = () => subscribers.reduce((sum, { responses }) => sum + responses, 0);
const [before, toldBefore] = [cpuMs(plan.serverPid), told()];
const startedAt = performance.now();
const memory: (readonly [number, number])[] = [];
const looking = setInterval(look, LOOK_MS);
const calls = connect(plan.origin, { ...tls });
let revoked = 0;
let failed = 0;
await revokeAll();
const seconds = (performance.now() - startedAt) / 1_000;
const used = cpuMs(plan.serverPid) - before;
const responses = told() - toldBefore;
clearInterval(looking);
await until(() => subscribers.every(({ events }) => events >= revoked)).catch(() => undefined);
clearInterval(renewing);
const missed = subscribers.reduce((sum, { events }) => sum + Math.abs(revoked - events), 0);
const result: FanoutResult = { seconds, cpuMs: used, revoked, failed, missed, responses, memory };
console.log(JSON.stringify(result));
for (const { session } of [...subscribers, { session: calls }]) session.destroy();

function subscribe(): Subscriber {
  const session = connect(plan.origin, { ...tls });
  session.on('error', (error) => process.stderr.write(`${error.message}\n`));
  const stream = session.request(headersFor(WATCH));
  stream.on('error', (error) => process.stderr.write(`${error.message}\n`));
  const subscriber = { session, stream, isReady: false, events: 0, responses: 0, renewal: 0 };
  let partitions = Number.POSITIVE_INFINITY;
  const take = (message: Buffer) => {
    subscriber.responses += 1;
    if (subscriber.isReady) {
      subscriber.events += eventsIn(message);
      return;
    }
    for (const { part } of fromBinary(WatchResponseSchema, message).parts) {
      if (part.case === 'welcome') partitions = part.value.partitions;
      if (part.case === 'snapshot' && part.value.last) partitions -= 1;
    }
    subscriber.isReady = partitions === 0;
  };
  stream.on('data', frameReader(take));
  send(stream, { case: 'start', value: { edge: plan.edge } });
  return subscriber;
}

/** How many events a response holds, without reading them. */
function eventsIn(message: Buffer): number {
  let events = 0;
  for (const part of fieldsIn(message, PARTS)) {
    for (const told of fieldsIn(part, EVENTS)) events += fieldsIn(told, EVENT).length;
  }
  return events;
}

function fieldsIn(message: Uint8Array, wanted: number | undefined): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted) found.push(reader.bytes());
    else reader.skip(type);
  }
  return found;
}

/** A tenth of them at a time, as edges do that were not started together. */
function renewSome(): void {
  turn += 1;
  for (let i = turn % 10; i < subscribers.length; i += 10) {
    const each = subscribers[i] as Subscriber;
    each.renewal += 1;
    const value = { renewal: BigInt(each.renewal), applied: BigInt(each.responses) };
    send(each.stream, { case: 'renew', value });
  }
}

function send(
  stream: ClientHttp2Stream,
  request: NonNullable<MessageInitShape<typeof WatchRequestSchema>['request']>,
): void {
  const message = toBinary(WatchRequestSchema, create(WatchRequestSchema, { request }));
  stream.write(framed(Buffer.from(message)));
}

async function revokeAll(): Promise<void> {
  for (const [i, message] of revocations.entries()) {
    const dueMs = startedAt + (1_000 * i) / plan.revocationsPerSecond;
    if (dueMs > performance.now()) await delay(dueMs - performance.now());
    const stream = calls.request(headersFor(REVOKE));
    stream.on('trailers', (trailers) => {
      if (trailers['grpc-status'] === '0') revoked += 1;
      else failed += 1;
    });
    stream.on('error', () => {
      failed += 1;
    });
    stream.resume();
    stream.end(framed(message));
  }
  await until(() => revoked + failed >= revocations.length);
}

function look(): void {
  memory.push([(performance.now() - startedAt) / 1_000, residentBytes(plan.serverPid)]);
}

function headersFor(path: string) {
  const authorization = `Bearer ${plan.apiKey}`;
  const common = { 'content-type': 'application/grpc', te: 'trailers', authorization };
  return { ':method': 'POST', ':path': path, ...common };
}

async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + GIVE_UP_MS;
  while (!isSo()) {
    if (performance.now() > giveUpMs) throw new Error('the feed was not told in time');
    await delay(20);
  }
}
