import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { IDENTITY_HEADERS } from '../../src/gateway/identity.ts';
import { OWN_HEADERS } from './own-headers.ts';

interface Dynamic {
  readonly http: {
    readonly routers: Readonly<Record<string, { readonly middlewares: readonly string[] }>>;
    readonly middlewares: {
      readonly 'only-signum-says': { headers: { customRequestHeaders: Record<string, string> } };
      readonly signum: { forwardAuth: { authResponseHeaders: readonly string[] } };
      readonly 'signum-admin': { forwardAuth: { authResponseHeaders: readonly string[] } };
    };
  };
}

test('Traefik’s example takes every header of Signum’s from Signum alone, on each route', () => {
  const text = readFileSync('examples/traefik/dynamic.yml', 'utf8');
  const { routers, middlewares } = (parse(text, { merge: true }) as Dynamic).http;
  const { customRequestHeaders } = middlewares['only-signum-says'].headers;
  const removed = Object.entries(customRequestHeaders)
    .filter(([, value]) => value === '')
    .map(([name]) => name.toLowerCase());
  for (const each of [middlewares.signum, middlewares['signum-admin']]) {
    const told = each.forwardAuth.authResponseHeaders.map((name) => name.toLowerCase());
    expect(told).toEqual([...IDENTITY_HEADERS]);
    expect([...told, ...removed]).toEqual(expect.arrayContaining([...OWN_HEADERS]));
  }
  for (const { middlewares: used } of Object.values(routers)) {
    expect(used[0]).toBe('only-signum-says');
    expect(used).toHaveLength(2);
  }
});
