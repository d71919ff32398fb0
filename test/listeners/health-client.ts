import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Client } from '@grpc/grpc-js';
import { unary } from './grpc-client.ts';

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
const STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

export async function checkHealth(client: Client, service: string): Promise<string> {
  const { answer } = unary(client, '/grpc.health.v1.Health/Check', request(service));
  return read(await answer);
}

/** Calls back with every status until the connection ends. */
export function watchHealth(client: Client, service: string, seen: (status: string) => void): void {
  const stream = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (bytes: Buffer) => bytes,
    read,
    Buffer.from(request(service)),
  );
  stream.on('data', seen);
  stream.on('error', () => {});
}

function request(service: string): Uint8Array {
  return new BinaryWriter().tag(1, WireType.LengthDelimited).string(service).finish();
}

function read(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes);
  reader.tag();
  return STATUS[reader.int32()] ?? '';
}
