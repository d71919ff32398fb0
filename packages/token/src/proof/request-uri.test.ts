import { expect, test } from 'vitest';
import { requestUri } from './target-uri.ts';

test.each([
  ['https', 'api.example', '/orders?page=2', 'https://api.example/orders?page=2'],
  ['http', '127.0.0.1:8080', '/', 'http://127.0.0.1:8080/'],
  ['https', '[::1]:8443', '/a', 'https://[::1]:8443/a'],
])('a URI is made of %s, %s and %s', (scheme, authority, path, uri) => {
  expect(requestUri(scheme, authority, path)).toBe(uri);
});

test.each([
  ['https', 'api.example/orders?', '/admin'],
  ['https', 'api.example?', '/admin'],
  ['https', 'api.example#', '/admin'],
  ['https', 'api.example\\orders', '/admin'],
  ['https', 'ada@api.example', '/admin'],
  ['https', 'api.example ', '/admin'],
  ['https', '', '/admin'],
  ['https', 'api.example', '.evil/orders'],
  ['https', 'api.example', '*'],
  ['https', 'api.example', ''],
  ['https://api.example/orders?', 'api.example', '/admin'],
  ['ftp', 'api.example', '/admin'],
])('no part goes on with another’s: %s, %s, %s', (scheme, authority, path) => {
  expect(requestUri(scheme, authority, path)).toBe('');
});
