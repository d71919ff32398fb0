// The ceiling of HTTP/1.1: reads the same request and answers the same bytes, and does nothing else.
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { HelperPlan } from './helper-server.ts';

const { port, tls, answerFile = '' } = JSON.parse(process.argv[2] ?? '') as HelperPlan;
const answer = readFileSync(answerFile);
const headers = { 'content-type': 'application/proto', 'content-length': answer.byteLength };

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
server.listen(port, '127.0.0.1', () => console.log('ready'));
