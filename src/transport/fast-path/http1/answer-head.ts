import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from '../../../call/endpoint.ts';
import type { Cors, HeaderRecord } from '../../http/cors.ts';

/** How long a client may keep a connection that it does not use, in seconds, as answers tell it. */
const KEEP_ALIVE = 'Connection: keep-alive\r\nKeep-Alive: timeout=';

/** RFC 9110 section 5.5; what Node would refuse to write. */
const UNWRITABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** What an answer says of itself. */
export type Described = Pick<HttpAnswer, 'status' | 'headers'>;

export interface AnswerHeads {
  /**
   * The head of an answer, as Node writes it, to the empty line. `length`: of the body, in bytes;
   * undefined for an answer that has none. `origin`: of the web page that asks.
   */
  of(described: Described, length: number | undefined, isLast: boolean, origin?: string): string;
  /** The same for an answer with a content type and no more. */
  ofTyped(status: number, type: string, length: number, isLast: boolean, origin?: string): string;
}

export interface AnswerHeadOptions {
  /** On every answer. */
  readonly headers: HeaderRecord;
  readonly cors: Cors;
  readonly keepAliveMs: number;
}

/** What the answers to one origin have in common. */
interface Common {
  readonly headers: HeaderRecord;
  readonly text: string;
}

export function createAnswerHeads(options: AnswerHeadOptions): AnswerHeads {
  const { headers, cors, keepAliveMs } = options;
  const stays = `${KEEP_ALIVE}${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
  const ends = 'Connection: close\r\n\r\n';
  // There are as many of them as origins that may call, and one for all others.
  const known = new Map<HeaderRecord, Common>();
  const commonFor = (origin: string | undefined): Common => {
    const ofOrigin = cors.headersFor(origin);
    let common = known.get(ofOrigin);
    if (common === undefined) {
      const all = { ...headers, ...ofOrigin };
      common = { headers: all, text: linesOf(all) };
      known.set(ofOrigin, common);
    }
    return common;
  };
  const assemble = (status: number, lines: string, length: number | undefined, isLast: boolean) => {
    const framed = length === undefined ? '' : `content-length: ${length}\r\n`;
    const rest = `${framed}Date: ${date()}\r\n${isLast ? ends : stays}`;
    return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}${rest}`;
  };
  return {
    of({ status, headers: own }, length, isLast, origin) {
      const common = commonFor(origin);
      const more = linesBeside(common.headers, own);
      const lines =
        more === undefined ? linesOf({ ...common.headers, ...own }) : common.text + more;
      return assemble(status, lines, length, isLast);
    },
    ofTyped(status, type, length, isLast, origin) {
      return assemble(status, `${commonFor(origin).text}content-type: ${type}\r\n`, length, isLast);
    },
  };
}

/** The lines of those that `common` does not say already; undefined if one says otherwise. */
function linesBeside(common: HeaderRecord, headers: Described['headers']): string | undefined {
  let lines = '';
  for (const name in headers) {
    const value = headers[name] as string | readonly string[];
    const said = common[name];
    if (said === undefined) lines += linesFor(name, value);
    else if (said !== value) return undefined;
  }
  return lines;
}

function linesOf(headers: Described['headers']): string {
  let lines = '';
  for (const name in headers) lines += linesFor(name, headers[name] as string | readonly string[]);
  return lines;
}

function linesFor(name: string, value: string | readonly string[]): string {
  if (typeof value === 'string') return lineOf(name, value);
  return value.map((each) => lineOf(name, each)).join('');
}

function lineOf(name: string, value: string): string {
  if (UNWRITABLE.test(value)) throw new Error(`the header ${name} cannot be written`);
  return `${name}: ${value}\r\n`;
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
