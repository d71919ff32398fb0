import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import tls from 'node:tls';

/** A TLS server whose clients see a socket fail twice over, if they do not trust its certificate. */
export interface RudeTlsServer {
  readonly port: number;
  stop(): void;
}

/** An alert that is not encrypted, where TLS 1.3 encrypts everything. */
const BAD_RECORD = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x32]);

/**
 * Sends its half of the handshake with a bad record at the end, in one piece: a client refuses the
 * certificate first, and then finds the record in what it has received already.
 */
export async function startRudeTlsServer(files: {
  readonly certFile: string;
  readonly keyFile: string;
}): Promise<RudeTlsServer> {
  const [cert, key] = [readFileSync(files.certFile), readFileSync(files.keyFile)];
  const polite = tls.createServer({ cert, key, minVersion: 'TLSv1.3' });
  // Handshakes that clients give up are what it is for.
  polite.on('tlsClientError', () => undefined);
  const politePort = await listen(polite);
  const sockets = new Set<Socket>();
  const rude = createServer((client) => {
    const upstream = connect(politePort, '127.0.0.1');
    client.on('data', (piece: Buffer) => upstream.write(piece));
    upstream.once('data', (flight: Buffer) => {
      client.write(Buffer.concat([flight, BAD_RECORD]));
      upstream.on('data', (piece: Buffer) => client.write(piece));
    });
    const close = () => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
    };
    sockets.add(client);
    for (const socket of [client, upstream]) socket.on('error', close).on('close', close);
  });
  const port = await listen(rude);
  return {
    port,
    stop() {
      for (const socket of sockets) socket.destroy();
      rude.close();
      polite.close();
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
