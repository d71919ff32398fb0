import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Lab } from '../lab/lab.ts';
import { runH2load } from '../load/h2load.ts';
import type { Contender } from './contender.ts';

export interface GrpcCall {
  readonly path: string;
  readonly message: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** gRPC frames a message with a flag and its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export function grpcContender(
  lab: Lab,
  name: string,
  { pid, origin }: { readonly pid: number; readonly origin: string },
  call: GrpcCall,
  { connections = 8, streams = 8 } = {},
): Contender {
  const bodyFile = join(lab.dir, `grpc-body-${call.path.split('/').at(-1)}`);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(call.message.length, 1);
  writeFileSync(bodyFile, Buffer.concat([head, call.message]));
  return {
    name,
    pid,
    load: (seconds) =>
      runH2load({
        cpus: lab.cpus.load,
        origin,
        path: call.path,
        headers: call.headers,
        bodyFile,
        connections,
        streams,
        seconds,
        dir: lab.dir,
      }),
  };
}

/** Makes the call once with a real client: h2load takes any answer with HTTP status 200 for good. */
export async function grpcOnce(
  lab: Lab,
  origin: string,
  call: GrpcCall,
  ca: Buffer,
): Promise<Buffer> {
  const { host } = new URL(origin);
  const channel = lab.options.tls ? credentials.createSsl(ca) : credentials.createInsecure();
  // The certificate names localhost, and TLS lets no client ask for an address by name.
  const client = new Client(host, channel, { 'grpc.ssl_target_name_override': 'localhost' });
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(call.headers)) metadata.set(key, value);
  const asIs = (bytes: Buffer) => bytes;
  try {
    return await new Promise((resolve, reject) => {
      const done = (error: Error | null, answer?: Buffer) =>
        error || !answer ? reject(error ?? new Error('no answer')) : resolve(answer);
      client.makeUnaryRequest(call.path, asIs, asIs, Buffer.from(call.message), metadata, done);
    });
  } finally {
    client.close();
  }
}
