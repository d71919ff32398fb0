import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CannedPublic, startCannedPublic } from '../../listeners/canned-public.ts';
import { bodyOf, callOf, headOf, REFRESH } from '../../listeners/raw-calls.ts';
import { ask } from '../../listeners/raw-client.ts';

let direct: CannedPublic;
let reference: CannedPublic;

beforeAll(async () => {
  direct = await startCannedPublic();
  reference = await startCannedPublic({ directUnary: false });
});
beforeEach(() => {
  direct.rpc.seen.length = 0;
  reference.rpc.seen.length = 0;
});
afterAll(() => Promise.all([direct.close(), reference.close()]));

const LINE = `POST ${REFRESH} HTTP/1.1\r\n`;
const HOST = 'Host: localhost\r\n';
const TYPE = 'Content-Type: application/json\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const LAST = '0\r\n\r\n';
const SMUGGLED = callOf('smuggled');
const BODY = bodyOf('a');
const LENGTH = `Content-Length: ${BODY.length}\r\n`;

/** A call with these header lines besides, or instead of its length, and this body. */
function call(lines: string, body = BODY): string {
  return `${LINE}${HOST}${TYPE}${lines}\r\n${body}`;
}

/** As a chunk, the only one. */
function chunked(body: string, more = ''): string {
  return `${body.length.toString(16)}${more}\r\n${body}\r\n${LAST}`;
}

/** What the connection carries in the end, if it has not been closed before. */
const GOODBYE = `GET /nothing HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;

/** The status of its answer. */
const OPEN = 404;

/** Bytes of which two readers may make different requests, and the statuses of all the answers. */
const CASES: readonly (readonly [what: string, bytes: string, statuses: readonly number[]])[] = [
  ['a length, then chunks', call(LENGTH + CHUNKED, LAST + SMUGGLED), [400]],
  ['chunks, then a length', call(`${CHUNKED}Content-Length: 4\r\n`, chunked(SMUGGLED)), [400]],
  ['a length and a coding that is none', call(`${LENGTH}Transfer-Encoding: x\r\n`), [400]],
  ['a length and a coding after a tab', call(`${LENGTH}Transfer-Encoding:\tchunked\r\n`), [400]],
  [
    'a coding with a space before its colon',
    call(`${LENGTH}Transfer-Encoding : chunked\r\n`),
    [400],
  ],
  ['a coding with a control byte', call(`${LENGTH}Transfer-Encoding: \x0bchunked\r\n`), [400]],
  ['a coding on a second line', call(`${LENGTH}Transfer-Encoding:\r\n chunked\r\n`, LAST), [400]],
  [
    'a coding behind a line feed',
    call(`${LENGTH}X: y\nTransfer-Encoding: chunked\r\n`, LAST),
    [400],
  ],
  ['a coding behind a return', call(`${LENGTH}X: y\rTransfer-Encoding: chunked\r\n`, LAST), [400]],
  ['two codings', call(`${CHUNKED}Transfer-Encoding: identity\r\n`, chunked(BODY)), [400]],
  ['two lengths', call(`${LENGTH}Content-Length: 0\r\n`), [400]],
  ['two lengths in different case', call(`${LENGTH}content-length: 0\r\n`), [400]],
  ['the same length twice', call(LENGTH + LENGTH), [400]],
  ['a list of lengths', call(`Content-Length: ${BODY.length}, ${BODY.length}\r\n`), [400]],
  ['a length with a sign', call(`Content-Length: +${BODY.length}\r\n`), [400]],
  ['a negative length', call('Content-Length: -1\r\n'), [400]],
  ['a length in base 16', call('Content-Length: 0x14\r\n'), [400]],
  ['a length with zeros before it', call(`Content-Length: 00${BODY.length}\r\n`), [200, OPEN]],
  ['a length beyond 64 bits', call('Content-Length: 18446744073709551636\r\n'), [400]],
  ['a length with a space within', call('Content-Length: 2 0\r\n'), [400]],
  ['an empty length', call('Content-Length:\r\n'), [400]],
  ['a length on a second line', call('Content-Length:\r\n 20\r\n'), [400]],
  ['a length with a space before its colon', call(`Content-Length : ${BODY.length}\r\n`), [400]],
  ['a length with an underscore', call(`Content_Length: 500\r\n${LENGTH}`), [200, OPEN]],
  ['a header that goes on', call(`X-A: b\r\n Content-Length: 0\r\n${LENGTH}`), [400]],
  ['a first header that goes on', `${LINE} X: y\r\n${HOST}${TYPE}${LENGTH}\r\n${BODY}`, [400]],
  ['line feeds alone', call(LENGTH).replaceAll('\r\n', '\n'), [400]],
  ['a line feed alone at the end of the head', call(LENGTH).replace('\r\n\r\n', '\r\n\n'), [400]],
  ['a line feed alone after the first line', call(LENGTH).replace('\r\n', '\n'), [400]],
  ['a NUL in a name', call(`X\0A: b\r\n${LENGTH}`), [400]],
  ['a NUL in a value', call(`X-A: b\0\r\n${LENGTH}`), [400]],
  ['an 8-bit byte in a name', call(`X\xe9: b\r\n${LENGTH}`), [400]],
  ['an 8-bit byte in a value', call(`X-A: b\xe9\r\n${LENGTH}`), [200, OPEN]],
  ['a header without a name', call(`: b\r\n${LENGTH}`), [400]],
  ['a header without a colon', call(`X-A\r\n${LENGTH}`), [400]],
  ['two hosts', call(`Host: other\r\n${LENGTH}`), [400]],
  ['an empty line before it', `\r\n${callOf('a')}`, [200, OPEN]],
  ['a space before it', ` ${callOf('a')}`, [400]],
  ['a request in a body', headOf(SMUGGLED.length) + SMUGGLED, [400, OPEN]],
  ['a request in a chunk', call(CHUNKED, chunked(SMUGGLED)), [400, OPEN]],
  ['a request behind a body', call(LENGTH) + SMUGGLED, [200, 200, OPEN]],
  ['a request behind the last chunk', call(CHUNKED, chunked(BODY)) + SMUGGLED, [200, 200, OPEN]],
  [
    'a request behind a body of no bytes',
    call('Content-Length: 0\r\n', SMUGGLED),
    [400, 200, OPEN],
  ],
  ['a request without a length, and one', call('', SMUGGLED), [400, 200, OPEN]],
  ['a body that is longer than announced', headOf(2) + BODY, [400]],
  ['a chunk with an extension', call(CHUNKED, chunked(BODY, ';a=b')), [200, OPEN]],
  ['a chunk with a line feed in its extension', call(CHUNKED, chunked(BODY, ';a\nb')), [400]],
  ['a chunk that is longer than announced', call(CHUNKED, `1\r\n${BODY}\r\n${LAST}`), [400]],
  ['a chunk with a length that is none', call(CHUNKED, chunked(BODY, 'g')), [400]],
  ['a trailer with a length', call(CHUNKED, `0\r\nContent-Length: 9\r\n\r\n${SMUGGLED}`), [400]],
  [
    'a closing request and bytes behind it',
    call(`${LENGTH}Connection: close\r\n`) + SMUGGLED,
    [400],
  ],
  [
    'a length that the connection is told of',
    call(`${LENGTH}Connection: Content-Length\r\n`),
    [200, OPEN],
  ],
  [
    'the close of a proxy and a request',
    call(`${LENGTH}Proxy-Connection: close\r\n`) + SMUGGLED,
    [400],
  ],
  [
    'an upgrade and bytes behind it',
    call(`${LENGTH}Upgrade: h2c\r\nConnection: Upgrade\r\n`) + SMUGGLED,
    [200, OPEN],
  ],
  ['an older version', call(LENGTH).replace('1.1', '1.0') + SMUGGLED, [400]],
  ['a version that is none', call(LENGTH).replace('1.1', '1.9'), [400]],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
];

/** The statuses of the answers to them, to the end of the connection, and the calls they made. */
async function outcome(server: CannedPublic, bytes: string, count: number, isFirst: boolean) {
  const client = await server.dial();
  if (!isFirst) await ask(client, callOf('before'));
  client.write(Buffer.from(bytes, 'latin1'));
  const statuses: number[] = [];
  const take = async () => {
    const answer = await client.next();
    if (answer !== undefined) statuses.push(answer.status);
    return answer !== undefined;
  };
  while (statuses.length < count && (await take()));
  client.write(GOODBYE);
  while (await take());
  return { statuses, seen: [...server.rpc.seen] };
}

describe.each([
  ['as the first bytes of a connection', true],
  ['after a call', false],
])('nobody reads other requests than Node does %s:', (_when, isFirst) => {
  test.each(CASES)('%s', async (_what, bytes, statuses) => {
    const count = statuses.filter((status) => status !== OPEN).length;
    const ours = await outcome(direct, bytes, count, isFirst);
    expect(ours.statuses).toEqual(statuses);
    expect(ours).toEqual(await outcome(reference, bytes, count, isFirst));
  });
});
