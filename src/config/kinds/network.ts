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
    const bytes = bytesOf(address, family);
    if (/^(?:0,){10}255,255,/.test(bytes.join()))
      return { fault: 'must be written as IPv4, as which such addresses count' };
    if (hasBitsBehind(bytes, prefix))
      return { fault: `must have no bits set behind the ${prefix} that all share` };
    return { value: { address, family, prefix } };
  },
  format: ({ address, prefix }) => `${address}/${prefix}`,
});

function bytesOf(address: string, family: Network['family']): readonly number[] {
  if (family === 'ipv4') return address.split('.').map(Number);
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [before = [], after = []] = groups.map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

function hasBitsBehind(bytes: readonly number[], prefix: number): boolean {
  return bytes.some((byte, index) => {
    const shared = Math.min(Math.max(prefix - 8 * index, 0), 8);
    return (byte & (255 >> shared)) !== 0;
  });
}
