import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface GatewayRequest {
  readonly method?: string;
  readonly path?: string;
  /** Name and value in turn: a name may come twice. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const TIMEOUT_MS = 15_000;

/** Sends a client's request to a gateway, on a connection of its own. */
export function ask(port: number, ask: GatewayRequest = {}): Promise<GatewayAnswer> {
  const { method = 'GET', path = '/orders', headers = [], body } = ask;
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: '127.0.0.1', port, method, path, agent: false },
      headers: ['Host', `127.0.0.1:${port}`, ...headers],
    });
    sent.setTimeout(TIMEOUT_MS, () => sent.destroy(new Error('no answer')));
    sent.once('error', reject);
    sent.once('response', async (answer) => {
      resolve({
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: await text(answer),
      });
    });
    sent.once('upgrade', (answer, socket) => {
      socket.destroy();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: '' });
    });
    sent.end(body);
  });
}

export const bearer = (token: string) => ['Authorization', `Bearer ${token}`];
