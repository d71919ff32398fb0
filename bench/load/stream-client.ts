// The process that runStream starts. Prints a LoadResult as JSON.
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { latencyOf } from '../measure/percentiles.ts';
import { framed, frameReader } from './grpc-frames.ts';
import { readRequests } from './http-request.ts';
import type { StreamPlan } from './run-stream.ts';

/** HTTP/2 flow control is not to be what is measured. */
const WINDOW_BYTES = 8 * 1_024 * 1_024;

const plan = JSON.parse(process.argv[2] ?? '') as StreamPlan;
const messages = readRequests(readFileSync(plan.messageFile)).map(framed);
const tls = plan.caFile && { ca: readFileSync(plan.caFile), servername: 'localhost' };
const latencies: number[] = [];
let next = 0;
let failed = 0;

const startedAt = performance.now();
const endsAt = startedAt + plan.seconds * 1_000;
await Promise.all(Array.from({ length: plan.streams }, converse));
const seconds = (performance.now() - startedAt) / 1_000;
const latency = latencyOf(Float64Array.from(latencies));
console.log(JSON.stringify({ calls: latencies.length, failed, seconds, latency }));

/**
 * One stream on a connection of its own, with so many messages under way at all times. On the bare
 * HTTP/2 of Node, because it shares its CPU with Redis: grpc-js would leave a third less for that.
 */
function converse(): Promise<void> {
  const session = connect(plan.origin, { ...tls, settings: { initialWindowSize: WINDOW_BYTES } });
  session.on('connect', () => session.setLocalWindowSize(WINDOW_BYTES));
  const stream = session.request({
    ':method': 'POST',
    ':path': plan.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: plan.authorization,
  });
  const sentAt: number[] = [];
  const send = () => {
    sentAt.push(performance.now());
    stream.write(messages[next++ % messages.length] as Buffer);
  };
  const answered = () => {
    const now = performance.now();
    latencies.push((now - (sentAt.shift() ?? now)) * 1_000);
    if (now < endsAt) send();
    else if (sentAt.length === 0) stream.end();
  };
  const count = frameReader(answered);
  return new Promise((done) => {
    const end = (wentWell: boolean) => {
      if (!wentWell) failed += 1;
      session.destroy();
      done();
    };
    let status: unknown;
    stream.on('data', count);
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('close', () => end(status === '0' && sentAt.length === 0));
    for (const broken of [stream, session]) broken.on('error', () => {});
    for (let i = 0; i < plan.window; i++) send();
  });
}
