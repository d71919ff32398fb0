import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PublicOptions, startPublic } from '../../src/transport/http/public.ts';
import type { Listener } from '../../src/transport/listener.ts';
import { openTlsFiles } from '../../src/transport/tls/files.ts';
import { type CannedRpc, createCannedRpc } from './canned-rpc.ts';
import { createTestCertificates } from './certificates.ts';
import { dialRaw, type RawClient, type RawServer } from './raw-client.ts';

/** What HTTP is spoken over. */
export const CARRIERS = ['TLS', 'TCP', 'a Unix socket'] as const;
export type Carrier = (typeof CARRIERS)[number];

/** A public listener in front of a service that answers all alike. */
export interface CannedPublic {
  readonly rpc: CannedRpc;
  readonly listener: Listener;
  dial(more?: Pick<RawServer, 'allowHalfOpen'>): Promise<RawClient>;
  close(): Promise<void>;
}

export interface CannedPublicOptions
  extends Pick<PublicOptions, 'directUnary' | 'corsOrigins' | 'proxies'> {
  /** TLS by default, with a certificate of its own. */
  readonly over?: Carrier;
}

export async function startCannedPublic({
  over = 'TLS',
  ...more
}: CannedPublicOptions = {}): Promise<CannedPublic> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-canned-'));
  const certificates = over === 'TLS' ? await createTestCertificates() : undefined;
  const log = { info: () => {}, warn: () => {} };
  const tls = certificates && (await openTlsFiles({ files: certificates.files, log }));
  const rpc = createCannedRpc();
  const socket = over === 'a Unix socket' ? { path: join(dir, 'http'), mode: 0o600 } : undefined;
  const at = { host: '127.0.0.1', port: 0, socket };
  const listener = await startPublic({ rpc, tls: tls ?? 'plaintext', log, ...at, ...more });
  const { port, path } = listener.address;
  const clients: RawClient[] = [];
  return {
    rpc,
    listener,
    async dial(more) {
      const client = await dialRaw({ port, path, ca: certificates?.ca, ...more });
      clients.push(client);
      return client;
    },
    async close() {
      for (const { socket } of clients) socket.destroy();
      await listener.close();
      tls?.close();
      certificates?.remove();
      rmSync(dir, { recursive: true });
    },
  };
}
