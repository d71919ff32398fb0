import { isIPv4, isIPv6 } from 'node:net';
import { type Kind, scalar } from './kind.ts';

/** A range of IP addresses, or one. */
export interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** How many bits of the address all addresses of the range share. */
  readonly prefix: number;
}

/** Such as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.7`. */
export const network: Kind<Network> = scalar({
  name: 'network',
  allowed:
    'an IP address, or a range of them such as 10.0.0.0/8 or 2001:db8::/32; not all there are',
  parse: (text) => {
    const [, address = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
    if (family === undefined) return { fault: 'must be an IP address or a range of them' };
    const longest = family === 'ipv4' ? 32 : 128;
    const prefix = bits === undefined ? longest : Number(bits);
    if (prefix < 1 || prefix > longest)
      return { fault: `must have a prefix of 1 to ${longest} bits` };
    return { value: { address, family, prefix } };
  },
  format: ({ address, prefix }) => `${address}/${prefix}`,
});
