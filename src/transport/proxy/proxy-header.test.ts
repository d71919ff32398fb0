import { describe, expect, test } from 'vitest';
import { readProxyHeader } from './proxy-header.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

function v2(command: number, family: number, rest: Buffer): Buffer {
  const fixed = Buffer.alloc(4);
  fixed.writeUInt8(0x20 | command, 0);
  fixed.writeUInt8(family, 1);
  fixed.writeUInt16BE(rest.length, 2);
  return Buffer.concat([SIGNATURE, fixed, rest]);
}

const TCP4 = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 0x04, 0x01, 0xbb]);
const TCP6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from([0xdc, 0x04, 0x01, 0xbb]),
]);
const EXTENSIONS = Buffer.from('0300040a0b0c0d', 'hex');
const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n';

test.each([
  ['version 1, IPv4', Buffer.from(V1), '192.0.2.7'],
  ['version 1, IPv6', Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::1 5 443\r\n'), '2001:db8::7'],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['version 1, unknown with more', Buffer.from('PROXY UNKNOWN ff::1 ff::2 1 2\r\n'), undefined],
  ['version 2, IPv4', v2(1, 0x11, TCP4), '192.0.2.7'],
  ['version 2, IPv6', v2(1, 0x21, TCP6), '2001:db8::7'],
  ['version 2, with extensions', v2(1, 0x11, Buffer.concat([TCP4, EXTENSIONS])), '192.0.2.7'],
  ['version 2, local', v2(0, 0x00, Buffer.alloc(0)), undefined],
  ['version 2, local with addresses', v2(0, 0x11, TCP4), undefined],
  ['version 2, of a Unix socket', v2(1, 0x31, Buffer.alloc(216)), undefined],
])('%s is read, however it comes', (_, header, sourceIp) => {
  const all = Buffer.concat([header, Buffer.from('then TLS')]);
  expect(readProxyHeader(all)).toEqual({ length: header.length, sourceIp });
  for (let length = 1; length < header.length; length++) {
    expect(readProxyHeader(all.subarray(0, length))).toBe('more');
  }
});

describe('what is no header goes on as it is', () => {
  test.each([
    ['a TLS handshake', Buffer.from('16030100ba010000b6', 'hex')],
    ['HTTP/1.1', Buffer.from('POST / HTTP/1.1\r\n')],
    ['HTTP/1.1 of a method like it', Buffer.from('PROPFIND / HTTP/1.1\r\n')],
    ['HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['lower case', Buffer.from(V1.toLowerCase())],
    ['line ends', Buffer.from('\r\n\r\nGET')],
  ])('%s', (_, bytes) => expect(readProxyHeader(bytes)).toBe('none'));
});

describe('a broken header is refused', () => {
  test.each([
    ['an address that is none', 'PROXY TCP4 192.0.2.777 198.51.100.1 56324 443\r\n'],
    ['an address of the other family', 'PROXY TCP4 2001:db8::7 198.51.100.1 56324 443\r\n'],
    ['a port that is none', 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 70000\r\n'],
    ['too few words', 'PROXY TCP4 192.0.2.7\r\n'],
    ['another protocol', 'PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n'],
    ['no end', `PROXY UNKNOWN ${'x'.repeat(200)}`],
    ['two spaces', 'PROXY  TCP4 192.0.2.7 198.51.100.1 56324 443\r\n'],
  ])('version 1 with %s', (_, text) =>
    expect(readProxyHeader(Buffer.from(text))).toBe('malformed'),
  );

  test.each([
    ['another version', Buffer.concat([SIGNATURE, Buffer.from('11110000', 'hex')])],
    ['an unknown command', v2(2, 0x11, TCP4)],
    ['addresses cut short', v2(1, 0x21, TCP4)],
    ['a length beyond all measure', Buffer.concat([SIGNATURE, Buffer.from('2111ffff', 'hex')])],
  ])('version 2 with %s', (_, bytes) => expect(readProxyHeader(bytes)).toBe('malformed'));
});
