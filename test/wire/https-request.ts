import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { TestServer } from '../setup/server.ts';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpsRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One HTTP/1.1 request to the public listener, on a connection of its own. */
export function httpsRequest(
  { address, ca }: Pick<TestServer, 'address' | 'ca'>,
  path: string,
  { method = 'GET', headers = {}, body }: HttpsRequest = {},
): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${address}${path}`, { method, headers, ca, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
