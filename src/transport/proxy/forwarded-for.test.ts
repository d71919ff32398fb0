import { expect, test } from 'vitest';
import { clientIpOf } from './forwarded-for.ts';
import { createTrustedProxies } from './trusted-proxies.ts';

const proxies = createTrustedProxies([
  { address: '10.0.0.0', family: 'ipv4', prefix: 8 },
  { address: 'fd00::', family: 'ipv6', prefix: 8 },
]);

function clientIp(ip: string, ...forwarded: string[]): string {
  const head = { peer: { ip, certificateNames: [] }, headerValues: () => forwarded };
  return clientIpOf(head, proxies);
}

test.each([
  ['the client behind one proxy', '192.0.2.1', ['192.0.2.1']],
  ['the client behind several', '192.0.2.1', ['192.0.2.1, 10.9.9.9, 10.8.8.8']],
  ['what the nearest proxy has added, not what a client sent', '192.0.2.1', ['6.6.6.6, 192.0.2.1']],
  ['the last of several headers', '192.0.2.1', ['6.6.6.6', '192.0.2.1']],
  ['an address with a port', '192.0.2.1', ['192.0.2.1:4711']],
  ['an IPv6 address', '2001:db8::1', ['2001:db8::1']],
  ['an IPv6 address with a port', '2001:db8::1', ['[2001:db8::1]:4711']],
  ['an IPv4 address in IPv6', '192.0.2.1', ['::ffff:192.0.2.1']],
  ['the proxy, without a header', '10.1.1.1', []],
  ['the proxy, if the header is empty', '10.1.1.1', ['']],
  ['the proxy, if the header holds nonsense', '10.1.1.1', ['unknown']],
  ['the nearest proxy before nonsense', '10.2.2.2', ['192.0.2.1, <script>, 10.2.2.2']],
  ['the outermost proxy, if all are proxies', '10.3.3.3', ['10.3.3.3, 10.2.2.2']],
])('a trusted proxy is believed: %s', (_, expected, forwarded) => {
  expect(clientIp('10.1.1.1', ...forwarded)).toBe(expected);
  expect(clientIp('fd00::1', ...forwarded)).toBe(expected === '10.1.1.1' ? 'fd00::1' : expected);
});

test('anyone else is not', () => {
  for (const ip of ['192.0.2.9', '2001:db8::9', '11.0.0.1', '']) {
    expect(clientIp(ip, '6.6.6.6')).toBe(ip);
  }
});
