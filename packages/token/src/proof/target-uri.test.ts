import { expect, test } from 'vitest';
import { targetUri } from './target-uri.ts';

test.each([
  ['https://api.example/orders', 'https://api.example/orders'],
  ['HTTPS://API.Example/Orders', 'https://api.example/Orders'],
  ['https://api.example', 'https://api.example/'],
  ['https://api.example:443/', 'https://api.example/'],
  ['http://api.example:80/', 'http://api.example/'],
  ['https://api.example:80/', 'https://api.example:80/'],
  ['https://api.example/a?b#c', 'https://api.example/a'],
  ['https://api.example/a/./b/../c', 'https://api.example/a/c'],
  ['https://api.example/%7euser/%c3%a9%2f', 'https://api.example/~user/%C3%A9%2F'],
  ['https://[::1]:8443/a', 'https://[::1]:8443/a'],
  ['https://api.example//a', 'https://api.example//a'],
])('%s is %s', (uri, normal) => {
  expect(targetUri(uri)).toBe(normal);
});

test.each([
  'ftp://api.example/',
  'https:/api.example',
  'https://',
  'https://user:secret@api.example/',
  'https://api.example\\a',
  'https://api.example/a b',
  'https://api.example/é',
  'https://api.example/\n',
  'https://api.example:99999/',
  '//api.example/',
  '',
])('%j is no URI of a request', (uri) => {
  expect(targetUri(uri)).toBeUndefined();
});
