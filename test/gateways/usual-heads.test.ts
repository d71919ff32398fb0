import { afterAll, beforeAll, expect, test } from 'vitest';
import { CADDY_GATEWAY, ENVOY_HTTP, HAPROXY, NGINX } from '../../examples/run/gateway.ts';
import { type NodeRequests, recordNodeRequests } from '../listeners/node-requests.ts';
import { until } from '../setup/until.ts';
import { type GatewayLab, openGatewayLab } from './lab.ts';

let lab: GatewayLab;
let node: NodeRequests;

beforeAll(async () => {
  lab = await openGatewayLab();
  node = recordNodeRequests();
});
afterAll(async () => {
  node?.stop();
  await lab?.close();
});

/** As a browser sends it. */
const BROWSER = {
  accept: '*/*',
  'accept-language': 'en-US,en;q=0.5',
  'content-type': 'application/json',
  cookie: 'theme=dark; consent={"a":1}',
  origin: 'https://app.example',
  referer: 'https://app.example/orders?page=2',
  'sec-fetch-mode': 'cors',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};

for (const gateway of [NGINX, CADDY_GATEWAY, HAPROXY, ENVOY_HTTP]) {
  const present = gateway.executable() !== undefined;
  const name = present ? gateway.name : `${gateway.name} (needs ${gateway.needs})`;
  test.skipIf(!present).each(['key', 'edge'] as const)(
    `${name} asks in the form that is answered without Node’s HTTP, by way of: %s`,
    async (way) => {
      const port = await lab.gateway(gateway, way);
      const { accessToken } = await lab.issue();
      const headers = { ...BROWSER, authorization: `Bearer ${accessToken}` };
      const url = `http://127.0.0.1:${port}/orders/47%2011?page=2&filter[]=a`;
      // Gateways that look after Signum's health need a moment to find it well.
      await until(
        `${gateway.name} lets a request pass`,
        async () => (await fetch(url, { headers })).status === 200,
      );
      for (const method of ['GET', 'POST', 'DELETE']) {
        const body = method === 'POST' ? '{"a":1}' : null;
        const answer = await fetch(url, { method, headers, body });
        expect([method, answer.status]).toEqual([method, 200]);
        await answer.arrayBuffer();
      }
      expect(node.served.filter(({ url = '' }) => url.startsWith('/authz'))).toEqual([]);
    },
  );
}
