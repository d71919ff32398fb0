import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpGetOptions {
  /** PEM of the authorities to trust; the system's when absent. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** For everything, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs: number;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** One GET, nothing kept open afterwards. Rejects with Node's own network and TLS errors. */
export function httpGet(url: string, options: HttpGetOptions): Promise<HttpAnswer> {
  const { ca, cert, key, timeoutMs } = options;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = send(url, {
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  request.on('error', reject);
  request.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > MAX_BODY_BYTES) response.destroy(new Error('the answer is too large'));
    });
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
  });
  request.end();
  return promise;
}
