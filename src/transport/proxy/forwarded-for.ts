import { isIP } from 'node:net';
import type { Head } from '../../call/head.ts';
import { type TrustedProxies, unmappedIp } from './trusted-proxies.ts';

/** No chain of proxies is longer; what stands further to the left is whatever a client liked to send. */
const MAX_HOPS = 16;

/**
 * The address that a call comes from. Behind trusted proxies X-Forwarded-For says it. The header is read
 * from the right, where the nearest proxy has written, up to the first address that is none of theirs.
 * All to the left of that may have been sent by the client.
 */
export function clientIpOf(
  head: Pick<Head, 'peer' | 'headerValues'>,
  proxies: TrustedProxies,
): string {
  let { ip } = head.peer;
  if (proxies.isEmpty || !proxies.trusts(ip)) return ip;
  const hops = head.headerValues('x-forwarded-for').join(',').split(',').slice(-MAX_HOPS);
  for (const hop of hops.reverse()) {
    const address = readHop(hop.trim());
    if (address === undefined) return ip;
    ip = address;
    if (!proxies.trusts(ip)) return ip;
  }
  return ip;
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`. */
function readHop(hop: string): string | undefined {
  const [, bracketed, v4] = /^(?:\[([^\]]*)\]|(\d[\d.]*))(?::\d{1,5})?$/.exec(hop) ?? [];
  const address = unmappedIp(bracketed ?? v4 ?? hop);
  return isIP(address) > 0 ? address : undefined;
}
