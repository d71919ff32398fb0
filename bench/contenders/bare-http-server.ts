// The ceiling of HTTP/1.1: reads the same request and answers the same bytes, and does nothing else. Without
// a file of bytes it answers headers alone.
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { HelperPlan } from './helper-server.ts';

const plan = JSON.parse(process.argv[2] ?? '') as HelperPlan;
const { port, socket, tls, answerFile, answerHeaders } = plan;
const answer = answerFile === undefined ? Buffer.alloc(0) : readFileSync(answerFile);
const typed = answerFile === undefined ? undefined : { 'content-type': 'application/proto' };
const headers = { ...typed, ...answerHeaders, 'content-length': answer.byteLength };

const listener: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, headers);
    response.end(answer);
  });
};
const server = tls
  ? createHttps({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, listener)
  : createHttp(listener);
const at = socket === undefined ? { port, host: '127.0.0.1' } : { path: socket };
server.listen(at, () => console.log('ready'));
