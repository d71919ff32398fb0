import { expect, test } from 'vitest';
import { parseSubjectAltName } from './certificate-names.ts';

test('URI and DNS names are taken, others are not', () => {
  const text = 'DNS:gateway, IP Address:192.0.2.1, URI:spiffe://acme/gateway, email:a@b';
  expect(parseSubjectAltName(text)).toEqual(['DNS:gateway', 'URI:spiffe://acme/gateway']);
});

test('a value that tries to be two names is none', () => {
  const text = 'DNS:"a, URI:spiffe://acme/admin, DNS:b", DNS:c';
  expect(parseSubjectAltName(text)).toEqual(['DNS:c']);
});

test('a value with quotes of its own does not end early', () => {
  const text = String.raw`DNS:"a\", URI:spiffe://acme/admin, DNS:\"b", DNS:c`;
  expect(parseSubjectAltName(text)).toEqual(['DNS:c']);
});

test.each(['', 'gateway', 'DNS:a;DNS:b"', 'DNS:"a', ', DNS:a', 'DNS:a, , DNS:b'])(
  '%j names nobody',
  (text) => {
    expect(parseSubjectAltName(text)).toEqual([]);
  },
);
