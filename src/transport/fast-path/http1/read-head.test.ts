import { describe, expect, test } from 'vitest';
import { readHead } from './read-head.ts';

const PATH = '/signum.v1.TokenService/Refresh';
const LINE = `POST ${PATH} HTTP/1.1\r\n`;
const HOST = 'Host: a\r\n';
const LENGTH = 'Content-Length: 2\r\n';
const BOTH = HOST + LENGTH;

function read(text: string) {
  return readHead(Buffer.from(text, 'latin1'));
}

/** Of a call that has a host and a length besides. */
const withHeader = (lines: string) => `${LINE}${BOTH}${lines}\r\n`;

describe('a usual head', () => {
  test.each<[what: string, text: string, headers: Record<string, string>]>([
    ['with what it needs and no more', `${LINE}${BOTH}\r\n`, {}],
    ['with names in any case', withHeader('X-OnE: Two\r\n'), { 'x-one': 'Two' }],
    ['without a space after the colon', withHeader('a:b\r\n'), { a: 'b' }],
    ['with spaces and colons in a value', withHeader('a: b: c  d\r\n'), { a: 'b: c  d' }],
    ['with every character of a name', withHeader("!#$%&'*+-.^_`|~09: x\r\n"), nameOfAll()],
    ['with every visible character', withHeader(`a: ${visible()}\r\n`), { a: visible() }],
    ['of a connection to be kept', withHeader('CONNECTION: Keep-Alive\r\n'), kept()],
    ['with the name of a prototype', withHeader('__proto__: x\r\n'), { ['__proto__']: 'x' }],
    ['with an empty value', withHeader('a:\r\n'), { a: '' }],
    ['with a value of one space', withHeader('a: \r\n'), { a: '' }],
    ['of a web page', withHeader('Origin: https://a.example\r\n'), { origin: 'https://a.example' }],
    ['with as many headers as are read', withHeader(many(62)), Object.fromEntries(pairs(62))],
  ])('%s is read', (_what, text, headers) => {
    const head = read(`${text}{}`);
    expect(head).toMatchObject({ verb: 'POST', path: PATH, query: '', bodyLength: 2 });
    expect(head?.length).toBe(text.length);
    expect([...(head?.headers ?? [])]).toEqual([
      ['host', 'a'],
      ['content-length', '2'],
      ...Object.entries(headers),
    ]);
  });

  test.each(['0', '7', '10', '9999999'])('announces a body of %s bytes', (length) => {
    const head = read(`${LINE}${HOST}Content-Length: ${length}\r\n\r\n`);
    expect(head?.bodyLength).toBe(Number(length));
  });

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'of a %s without a length has no body',
    (verb) => {
      const head = read(`${verb} /authz HTTP/1.1\r\n${HOST}\r\n`);
      expect(head).toMatchObject({ verb, path: '/authz', query: '', bodyLength: 0 });
    },
  );

  test.each([
    ['/authz?', '/authz', ''],
    ['/authz?scope=a%20b', '/authz', 'scope=a%20b'],
    ['/authz/%61//b/../c;d=e', '/authz/%61//b/../c;d=e', ''],
    ['/authz/a?b?c=[d]&e="f"|{g}', '/authz/a', 'b?c=[d]&e="f"|{g}'],
    ['/', '/', ''],
  ])('of %s is cut at the first question mark, and nothing is decoded', (target, path, query) => {
    const head = read(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`);
    expect(head).toMatchObject({ path, query });
  });

  test('is as long as the longest and no longer', () => {
    const ofLength = (length: number) => {
      const rest = withHeader('a: \r\n').length;
      return withHeader(`a: ${'x'.repeat(length - rest)}\r\n`);
    };
    expect(read(ofLength(8_192 + 4))).toBeDefined();
    expect(read(ofLength(8_192 + 5))).toBeUndefined();
  });
});

describe('an unusual request line is not read:', () => {
  test.each([
    ['a method that few have', `PROPFIND ${PATH} HTTP/1.1`],
    ['a tunnel', `CONNECT ${PATH} HTTP/1.1`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0'],
    ['a method in lower case', `post ${PATH} HTTP/1.1`],
    ['an older version', `POST ${PATH} HTTP/1.0`],
    ['a newer version', `POST ${PATH} HTTP/2.0`],
    ['a version in lower case', `POST ${PATH} http/1.1`],
    ['no version', `POST ${PATH}`],
    ['a whole URL', `POST https://localhost${PATH} HTTP/1.1`],
    ['an authority', 'POST localhost:443 HTTP/1.1'],
    ['an asterisk', 'POST * HTTP/1.1'],
    ['no path', 'POST ?a HTTP/1.1'],
    ['a fragment', `POST ${PATH}#a HTTP/1.1`],
    ['a fragment behind a query', `POST ${PATH}?a#a HTTP/1.1`],
    ['a backslash', `POST ${PATH}\\ HTTP/1.1`],
    ['a space in a query', `POST ${PATH}?a b HTTP/1.1`],
    ['an 8-bit byte in a query', `POST ${PATH}?\xe9 HTTP/1.1`],
    ['an 8-bit byte', `POST ${PATH}\xe9 HTTP/1.1`],
    ['a NUL', `POST ${PATH}\0 HTTP/1.1`],
    ['two spaces', `POST  ${PATH} HTTP/1.1`],
    ['a tab', `POST\t${PATH} HTTP/1.1`],
    ['a space at its end', `POST ${PATH} HTTP/1.1 `],
    ['a space before it', ` POST ${PATH} HTTP/1.1`],
    ['an empty line before it', `\r\nPOST ${PATH} HTTP/1.1`],
  ])('%s', (_what, line) => {
    expect(read(`${line}\r\n${BOTH}\r\n`)).toBeUndefined();
  });

  test('a line feed alone at its end', () => {
    expect(read(`POST ${PATH} HTTP/1.1\n${BOTH}\r\n`)).toBeUndefined();
  });
});

describe('an unusual header leaves the whole head unread:', () => {
  test.each([
    ['a transfer encoding', 'Transfer-Encoding: chunked\r\n'],
    ['a transfer encoding that changes nothing', 'transfer-encoding: identity\r\n'],
    ['an expectation', 'Expect: 100-continue\r\n'],
    ['an upgrade', 'Upgrade: h2c\r\n'],
    ['settings of HTTP/2', 'HTTP2-Settings: AAMAAABk\r\n'],
    ['a trailer', 'Trailer: x\r\n'],
    ['a connection to be closed', 'Connection: close\r\n'],
    ['two wishes for the connection', 'Connection: keep-alive, close\r\n'],
    ['an option of the connection', 'Connection: upgrade\r\n'],
    ['a connection by its name among proxies', 'Proxy-Connection: close\r\n'],
    ['a second length', 'Content-Length: 2\r\n'],
    ['a second length in another case', 'content-LENGTH: 3\r\n'],
    ['a second host', 'HOST: a\r\n'],
    ['any name twice', 'X-A: b\r\nx-a: b\r\n'],
    ['a line feed alone', 'a: b\n'],
    ['a line feed alone before another line', 'a: b\nc: d\r\n'],
    ['a carriage return alone', 'a: b\rc: d\r\n'],
    ['a line that goes on with a space', 'a: b\r\n c\r\n'],
    ['a line that goes on with a tab', 'a: b\r\n\tc\r\n'],
    ['a space before the colon', 'a : b\r\n'],
    ['a tab before the colon', 'a\t: b\r\n'],
    ['a tab after the colon', 'a:\tb\r\n'],
    ['two spaces after the colon', 'a:  b\r\n'],
    ['a space at the end', 'a: b \r\n'],
    ['a tab in the value', 'a: b\tc\r\n'],
    ['a NUL in the value', 'a: b\0c\r\n'],
    ['a control character in the value', 'a: b\x1fc\r\n'],
    ['a DEL in the value', 'a: b\x7fc\r\n'],
    ['an 8-bit byte in the value', 'a: b\xe9\r\n'],
    ['an empty wish for the connection', 'Connection:\r\n'],
    ['an empty upgrade', 'Upgrade:\r\n'],
    ['a value of two spaces', 'a:  \r\n'],
    ['a value of a tab', 'a:\t\r\n'],
    ['an empty name', ': b\r\n'],
    ['a line without a colon', 'ab\r\n'],
    ['a name with a space', 'a b: c\r\n'],
    ['a name with an 8-bit byte', 'a\xe9: b\r\n'],
    ['a name with a NUL', 'a\0: b\r\n'],
    ['a name with a character that is no token’s', 'a(: b\r\n'],
    ['too many headers', many(63)],
  ])('%s', (_what, lines) => {
    expect(read(withHeader(lines))).toBeUndefined();
    // What stands before or after it makes no difference.
    expect(read(`${LINE}${lines}${BOTH}\r\n`)).toBeUndefined();
  });

  test.each([
    '+5',
    '-1',
    '0x5',
    '007',
    '00',
    '5.0',
    '1e1',
    '5,5',
    '5 5',
    '5;',
    'a',
    '',
    '10000000',
  ])('a length of %s', (length) => {
    expect(read(`${LINE}${HOST}Content-Length: ${length}\r\n\r\n`)).toBeUndefined();
  });

  test.each([
    ['host', LENGTH],
    ['header', ''],
  ])('no %s', (_what, lines) => {
    expect(read(`${LINE}${lines}\r\n`)).toBeUndefined();
  });
});

test('a head that has not come to its end is not read', () => {
  const whole = `${LINE}${BOTH}\r\n`;
  for (let length = 0; length < whole.length; length++) {
    expect(read(whole.slice(0, length))).toBeUndefined();
  }
  expect(read(whole)).toBeDefined();
});

function pairs(count: number): [name: string, value: string][] {
  return Array.from({ length: count }, (_, i) => [`x-${i}`, String(i)]);
}

function many(count: number): string {
  return pairs(count)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

function visible(): string {
  return String.fromCharCode(...Array.from({ length: 0x5e }, (_, i) => 0x21 + i));
}

function nameOfAll() {
  return { "!#$%&'*+-.^_`|~09": 'x' };
}

function kept() {
  return { connection: 'Keep-Alive' };
}
