import { STATUS_CODES } from 'node:http';
import type { Server, Socket } from 'node:net';
import { hasBegunToAnswer } from '../node-internals.ts';
import type { HeaderRecord } from './cors.ts';

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Answers HTTP/1.1 that its parser refuses, or that does not come to an end in time, as Node would,
 * but with the headers that every other answer has.
 */
export function refuseMalformed(server: Server, headers: HeaderRecord): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Bytes in the middle of another answer would be taken for a part of it.
    const isHttp = /^(HPE_|ERR_HTTP_)/.test(error.code ?? '');
    // A handshake that failed or took too long leaves nobody to answer to.
    if (!isHttp || !socket.writable || hasBegunToAnswer(socket)) {
      socket.destroy(error);
      return;
    }
    const status = STATUS_OF[error.code ?? ''] ?? 400;
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
    socket.end(`${head}${lines.join('')}connection: close\r\ncontent-length: 0\r\n\r\n`);
  });
}
