// The process that runStream starts. Prints a LoadResult as JSON.
import { readFileSync } from 'node:fs';
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import { latencyOf } from '../measure/percentiles.ts';
import { readRequests } from './http-request.ts';
import type { StreamPlan } from './run-stream.ts';

const plan = JSON.parse(process.argv[2] ?? '') as StreamPlan;
const messages = readRequests(readFileSync(plan.messageFile));
const channel = plan.caFile
  ? credentials.createSsl(readFileSync(plan.caFile))
  : credentials.createInsecure();
const asIs = (bytes: Buffer) => bytes;
const latencies: number[] = [];
let next = 0;
let failed = 0;

const startedAt = performance.now();
const endsAt = startedAt + plan.seconds * 1_000;
await Promise.all(Array.from({ length: plan.streams }, converse));
const seconds = (performance.now() - startedAt) / 1_000;
const latency = latencyOf(Float64Array.from(latencies));
console.log(JSON.stringify({ calls: latencies.length, failed, seconds, latency }));

/** One stream on a connection of its own, with so many messages under way at all times. */
function converse(): Promise<void> {
  const client = new Client(new URL(plan.origin).host, channel, {
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
  });
  const metadata = new Metadata();
  metadata.set('authorization', plan.authorization);
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
    plan.path,
    asIs,
    asIs,
    metadata,
  );
  const sentAt: number[] = [];
  const send = () => {
    sentAt.push(performance.now());
    stream.write(messages[next++ % messages.length] as Buffer);
  };
  return new Promise((done) => {
    stream.on('data', () => {
      const now = performance.now();
      latencies.push((now - (sentAt.shift() ?? now)) * 1_000);
      if (now < endsAt) send();
      else if (sentAt.length === 0) stream.end();
    });
    stream.on('error', () => {
      failed += 1;
    });
    stream.on('close', () => {
      client.close();
      done();
    });
    stream.on('end', () => stream.destroy());
    for (let i = 0; i < plan.window; i++) send();
  });
}
