import { STATUS_CODES } from 'node:http';
import type { HeaderRecord } from '../../http/cors.ts';

/** How long a client may keep a connection that it does not use, in seconds, as answers tell it. */
const KEEP_ALIVE = 'Connection: keep-alive\r\nKeep-Alive: timeout=';

export interface AnswerHeads {
  /** The head of an answer, as Node writes it, to the empty line. */
  of(status: number, contentType: string, length: number, isLast: boolean): string;
}

/** `headers` go on every answer. */
export function createAnswerHeads(headers: HeaderRecord, keepAliveMs: number): AnswerHeads {
  const common = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const all = common.join('');
  const stays = `${KEEP_ALIVE}${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
  const ends = 'Connection: close\r\n\r\n';
  return {
    of(status, contentType, length, isLast) {
      const begin = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${all}content-type: ${contentType}\r\n`;
      return `${begin}content-length: ${length}\r\nDate: ${date()}\r\n${isLast ? ends : stays}`;
    },
  };
}

let second = 0;
let text = '';

/** RFC 9110 section 6.6.1; made once a second. */
function date(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
  }
  return text;
}
