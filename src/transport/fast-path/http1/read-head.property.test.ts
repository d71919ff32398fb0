import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readHead } from './read-head.ts';

interface Seen {
  readonly verb: string | undefined;
  /** With the query. */
  readonly path: string | undefined;
  /** As they came, but by lower-case names. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Bytes are replaced with a piece, anywhere or at the beginning of a line. */
interface Edit {
  readonly at: number;
  readonly atLine: boolean;
  readonly removed: number;
  readonly piece: string;
}

const LONGEST_BODY = 10_000;
/** Shows where the server takes the body to end. */
const NEXT = 'GET /next HTTP/1.1\r\nhost: next\r\nconnection: close\r\n\r\n';
/** What a body is made of: read as anything but a body, it is a request too. */
const INNER = 'GET /inner HTTP/1.1\r\nhost: inner\r\n\r\n';

let server: Server;
let seen: Seen[];

beforeAll(async () => {
  server = createServer({ insecureHTTPParser: false }, async (request, response) => {
    const { method: verb, url: path, rawHeaders } = request;
    const headers = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] ?? ''] as const] : [],
    );
    const entry = { verb, path, headers, body: '' };
    seen.push(entry);
    entry.body = (await buffer(request)).toString('latin1');
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
beforeEach(() => {
  seen = [];
});
afterAll(() => {
  server.close();
});

const token = fc.stringMatching(/^[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/);
const anyCase = (name: string) =>
  fc.constantFrom(name, name.toLowerCase(), name.toUpperCase()).filter((each) => each !== '');
const line = (name: fc.Arbitrary<string>, of: fc.Arbitrary<string>) =>
  fc.tuple(name, fc.constantFrom(': ', ':'), of).map((parts) => `${parts.join('')}\r\n`);

const needed = fc.tuple(
  line(anyCase('Host'), value),
  fc.option(line(anyCase('Content-Length'), fc.nat({ max: 200 }).map(String)), { nil: '' }),
);
/** Of those that may be asked for, and of one that goes the long way. */
const verbs = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE');
const targets = fc.tuple(
  fc.stringMatching(/^\/[a-zA-Z0-9_.~%!$&'()*+,;=:@/-]{0,20}$/),
  fc.stringMatching(/^(\?[!"$-~]{0,20})?$/),
);
const more = fc.array(
  fc.oneof(
    line(token, value),
    line(anyCase('Connection'), anyCase('Keep-Alive')),
    line(anyCase('Content-Type'), fc.constant('application/json')),
  ),
  { maxLength: 5 },
);

/** Heads of which nearly all are usual. */
const heads = fc.tuple(verbs, targets, needed, more).chain(([verb, target, first, others]) => {
  const all = [...first, ...others];
  const shuffled = fc.shuffledSubarray(all, { minLength: all.length });
  return shuffled.map((lines) => `${verb} ${target.join('')} HTTP/1.1\r\n${lines.join('')}\r\n`);
});

const NASTY = [
  ...['\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\r\n ', '\r\n\t', ' ', '  ', '\t', '\0', '\x7f'],
  ...[
    '\x80',
    '\xff',
    '\xa0',
    '\x85',
    ':',
    ': ',
    ' :',
    ',',
    ';',
    '"',
    '\\',
    '+',
    '-',
    '0',
    '0x',
    '1',
  ],
  ...[
    '%',
    '?',
    '#',
    '//',
    '*',
    'HTTP/1.1',
    'POST ',
    'GET ',
    '__proto__: a\r\n',
    'a: b\r\n',
    'Host: b\r\n',
  ],
  ...[
    'Content-Length: 3\r\n',
    'Content_Length: 3\r\n',
    'Content-Length : 3\r\n',
    'TE: trailers\r\n',
  ],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding:\x0bchunked\r\n', 'Trailer: a\r\n'],
  ...['Connection: close\r\n', 'Proxy-Connection: close\r\n', 'Proxy-Connection: upgrade\r\n'],
  ...['Connection: Keep-Alive\r\n', 'Keep-Alive: timeout=1\r\n', 'Connection: Content-Length\r\n'],
  ...[
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\n',
    'HTTP2-Settings: a\r\n',
    'Origin: a\r\n',
  ],
];
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY) },
  fc.nat({ max: 0xff }).map((byte) => String.fromCharCode(byte)),
);
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  atLine: fc.boolean(),
  removed: fc.constantFrom(0, 0, 0, 1, 2),
  piece: fc.oneof({ weight: 4, arbitrary: piece }, fc.constant('')),
});
const mutants = fc
  .tuple(heads, fc.array(edit, { maxLength: 3 }))
  .map(([head, edits]) => edits.reduce(mutate, head));

function mutate(text: string, { at, atLine, removed, piece }: Edit): string {
  const starts = [...text.matchAll(/(?<=\n)/g)].map(({ index }) => index);
  const from = atLine ? (starts[at % starts.length] ?? 0) : at % text.length;
  return text.slice(0, from) + piece + text.slice(from + removed);
}

/** Writes the bytes on a connection of their own and waits for it to end; the answers as text. */
async function exchange(bytes: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(bytes, 'latin1');
  return (await buffer(socket)).toString('latin1');
}

test('whatever is read is what Node’s own parser reads, to the last byte of the body', async () => {
  let accepted = 0;
  let refused = 0;
  const property = fc.asyncProperty(mutants, async (text) => {
    const head = readHead(Buffer.from(text, 'latin1'));
    if (head === undefined) {
      refused += 1;
      return;
    }
    fc.pre(head.bodyLength <= LONGEST_BODY);
    accepted += 1;
    seen = [];
    const begin = text.slice(0, head.length);
    const { verb, headers, bodyLength } = head;
    const path = begin.split(' ')[1];
    expect([head.path, `${head.path}?${head.query}`]).toContain(path);
    const body = INNER.repeat(LONGEST_BODY / INNER.length + 1).slice(0, bodyLength);
    const answers = await exchange(begin + body + NEXT);
    expect(seen.map((each) => each.path)).toEqual([path, '/next']);
    expect(seen[0]).toEqual({ verb, path, headers: [...headers], body });
    // The first answer leaves the connection open.
    expect(answers.match(/^connection: .*$/gim)).toEqual([
      'Connection: keep-alive',
      'Connection: close',
    ]);
  });
  await fc.assert(property, { numRuns: 2_000 });
  expect(accepted).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
});
