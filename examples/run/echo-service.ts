import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** RFC 6455 section 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface EchoService {
  readonly port: number;
  /** Requests that have come through so far. */
  readonly requests: readonly IncomingMessage[];
  close(): Promise<void>;
}

/** A service behind a gateway: it answers with the request's headers as JSON, and takes upgrades. */
export async function startEchoService(port = 0): Promise<EchoService> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify(request.headers, null, 2)}\n`);
  });
  server.on('upgrade', (request, socket) => {
    requests.push(request);
    const { 'x-signum-user': user = '', 'sec-websocket-key': key = '' } = request.headers;
    const accept = createHash('sha1')
      .update(key + WEBSOCKET_GUID)
      .digest('base64');
    socket.write(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept}`,
        `X-User: ${user}`,
        '\r\n',
      ].join('\r\n'),
    );
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
