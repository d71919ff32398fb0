import { expect, test } from 'vitest';
import { readHead } from './answer-head.ts';

const bytesOf = (text: string) => Buffer.from(text, 'latin1');

test.each(['content-length: 12', 'Content-Length:12', 'CONTENT-LENGTH:   12'])(
  'the status and the ends of the body are read from a head with %s',
  (line) => {
    const head = `HTTP/1.1 429 Too Many Requests\r\nretry-after: 99\r\n${line}\r\nx: 7\r\n\r\n`;
    const bytes = bytesOf(`${head}twelve bytes`);
    expect(readHead(bytes, bytes.length)).toEqual({
      status: 429,
      bodyAt: head.length,
      bodyEnd: bytes.length,
    });
  },
);

test('without a content-length there is no body', () => {
  const bytes = bytesOf('HTTP/1.1 204 No Content\r\nx-content-length: 5\r\n\r\n');
  const { length } = bytes;
  expect(readHead(bytes, length)).toEqual({ status: 204, bodyAt: length, bodyEnd: length });
});

test('a head is not complete before its empty line, whatever an earlier answer has left there', () => {
  const bytes = bytesOf('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  for (let end = 0; end < bytes.length; end++) expect(readHead(bytes, end)).toBeUndefined();
  expect(readHead(bytes, bytes.length)?.status).toBe(200);
});
