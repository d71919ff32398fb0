import { type PublicOptions, startPublic } from '../../src/transport/http/public.ts';
import type { Listener } from '../../src/transport/listener.ts';
import { openTlsFiles } from '../../src/transport/tls/files.ts';
import { type CannedRpc, createCannedRpc } from './canned-rpc.ts';
import { createTestCertificates } from './certificates.ts';
import { dialRaw, type RawClient, type RawServer } from './raw-client.ts';

/** A public listener with a certificate of its own, in front of a service that answers all alike. */
export interface CannedPublic {
  readonly rpc: CannedRpc;
  readonly listener: Listener;
  dial(more?: Pick<RawServer, 'allowHalfOpen'>): Promise<RawClient>;
  close(): Promise<void>;
}

export async function startCannedPublic(
  more: Pick<PublicOptions, 'directUnary' | 'corsOrigins'> = {},
): Promise<CannedPublic> {
  const certificates = await createTestCertificates();
  const log = { info: () => {}, warn: () => {} };
  const tls = await openTlsFiles({ files: certificates.files, log });
  const rpc = createCannedRpc();
  const options = { rpc, tls, log, host: '127.0.0.1', port: 0, ...more };
  const listener = await startPublic(options);
  const { port } = listener.address;
  const clients: RawClient[] = [];
  return {
    rpc,
    listener,
    async dial(more) {
      const client = await dialRaw({ port, ca: certificates.ca, ...more });
      clients.push(client);
      return client;
    },
    async close() {
      for (const { socket } of clients) socket.destroy();
      await listener.close();
      tls.close();
      certificates.remove();
    },
  };
}
