import { writeFileSync } from 'node:fs';

export interface HttpRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent by POST; without one the request is a GET. */
  readonly body?: Uint8Array;
}

/** The bytes of an HTTP/1.1 request, so that no generator spends time on making them. */
export function requestBytes({ path, headers, body }: HttpRequest): Buffer {
  const framed = body && { 'content-length': String(body.byteLength) };
  const lines = Object.entries({ host: 'localhost', ...headers, ...framed }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const line = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1`;
  const head = Buffer.from(`${line}\r\n${lines.join('\r\n')}\r\n\r\n`);
  return body === undefined ? head : Buffer.concat([head, body]);
}

/** A file of requests, each after its length in decimal on a line. wrk.lua and readRequests read it. */
export function writeRequests(file: string, requests: readonly Buffer[]): void {
  writeFileSync(
    file,
    Buffer.concat(requests.flatMap((bytes) => [Buffer.from(`${bytes.length}\n`), bytes])),
  );
}

export function readRequests(file: Buffer): Buffer[] {
  const requests: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const end = file.indexOf(10, at);
    const length = Number(file.toString('latin1', at, end));
    requests.push(file.subarray(end + 1, end + 1 + length));
    at = end + 1 + length;
  }
  return requests;
}
