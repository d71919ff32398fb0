import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** The proxies and load balancers that are believed when they say whom they stand for. */
export interface TrustedProxies {
  readonly isEmpty: boolean;
  /** Whether this address is one of theirs. */
  trusts(ip: string): boolean;
}

export interface ProxyNetwork {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

export function createTrustedProxies(networks: readonly ProxyNetwork[]): TrustedProxies {
  const list = new BlockList();
  for (const { address, family, prefix } of networks) list.addSubnet(address, prefix, family);
  return {
    isEmpty: networks.length === 0,
    trusts(ip) {
      if (isIPv4(ip)) return list.check(ip, 'ipv4');
      return isIPv6(ip) && list.check(ip, 'ipv6');
    },
  };
}

/** For a listener that clients reach directly. */
export const NO_PROXIES: TrustedProxies = { isEmpty: true, trusts: () => false };

/** A dual-stack socket shows IPv4 peers as `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2). */
export function unmappedIp(address = ''): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
