import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENVOY_JWT_AUTHN, NGINX } from '../../examples/run/gateway.ts';
import { whatToPaste, whatToPasteForApp } from '../../examples/run/what-to-paste.ts';
import { type Child, startChild } from '../setup/child.ts';

let other: Server;
let taken: string;

beforeAll(async () => {
  other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  taken = String((other.address() as AddressInfo).port);
});
afterAll(() => other.close());

const run = (name: string, env: Record<string, string>): Child =>
  startChild(process.execPath, ['examples/run/main.ts', name], env);

describe('an example is not run', () => {
  const names = ['express', ...(NGINX.executable() === undefined ? [] : ['nginx'])];
  test.each(names)('at a port that is taken: %s', async (name) => {
    const child = run(name, { PORT: taken });
    expect(await child.ended).toEqual([2, null]);
    expect(child.output()).toBe(
      `Something listens on port ${taken} already. Set PORT to another.\n`,
    );
  });

  test.each(['0', '65536', 'x', '-1', ''])('at a port that is none: "%s"', async (PORT) => {
    const child = run('express', { PORT });
    expect(await child.ended).toEqual([2, null]);
    expect(child.output()).toContain('PORT must be a number from 1 to 65535');
  });
});

test('an example that verifies by itself says how to try it, and a logout that it hears of', () => {
  const said = whatToPasteForApp('express', 8081);
  expect(said).toMatch(/signum issue .*--scope read --output shell/);
  expect(said.match(/curl .*http:\/\/localhost:8081\/hello$/gm)).toHaveLength(3);
  expect(said).toMatch(/The same request: 401\.\n.*signum revoke - --fence$/m);
});

describe('what an example says of its gateway', () => {
  const at = { address: 'https://localhost:8443', port: 8080 };

  test('a logout is refused at once by one that asks, with a fence at an edge', () => {
    const server = whatToPaste({ gateway: NGINX, atEdge: false, ...at });
    expect(server).toContain('asks the Signum at https://localhost:8443');
    expect(server).toMatch(/^# Log out\. The same request: 401\.\n.*signum revoke -$/m);
    const edge = whatToPaste({ gateway: NGINX, atEdge: true, ...at });
    expect(edge).toContain('asks a signum edge, which follows the Signum');
    expect(edge).toMatch(/signum revoke - --fence$/m);
  });

  test('a logout goes unnoticed by one that asks nobody', () => {
    const said = whatToPaste({ gateway: ENVOY_JWT_AUTHN, atEdge: false, ...at });
    expect(said).toContain('does not hear of logouts');
    expect(said).toContain('# Log out. The same request: it passes, until the token expires.');
    expect(said).not.toMatch(/It asks|: 401\.$/m);
  });
});
