import { isIPv4, isIPv6 } from 'node:net';

/**
 * What the first bytes of a connection are. `more`: not to be told yet. `none`: no PROXY protocol header.
 * `malformed`: one that is broken. Otherwise a whole header: its length, and the client's address unless
 * the proxy speaks for itself or does not know it.
 */
export type ProxyHeader =
  | 'more'
  | 'none'
  | 'malformed'
  | { readonly length: number; readonly sourceIp: string | undefined };

const V1_BEGIN = Buffer.from('PROXY ');
/** With the line end. */
const V1_MAX_BYTES = 107;
const V2_BEGIN = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const V2_FIXED_BYTES = 16;
/** Addresses and extensions; what proxies send is a few hundred bytes. */
const V2_MAX_REST_BYTES = 2_048;

/** The PROXY protocol, versions 1 and 2 (HAProxy's specification of 2020/03/05). */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, V1_BEGIN)) return bytes.length < V1_BEGIN.length ? 'more' : readV1(bytes);
  if (startsLike(bytes, V2_BEGIN)) return bytes.length < V2_FIXED_BYTES ? 'more' : readV2(bytes);
  return 'none';
}

/** Whether the two are the same as far as both go. */
function startsLike(bytes: Buffer, begin: Buffer): boolean {
  const length = Math.min(bytes.length, begin.length);
  return bytes.compare(begin, 0, length, 0, length) === 0;
}

const V1 = /^PROXY (?:(UNKNOWN)(?: .*)?|TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5}))$/;

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < V1_MAX_BYTES ? 'more' : 'malformed';
  const [line, unknown, family, source = '', target = '', ...ports] =
    V1.exec(bytes.toString('latin1', 0, end)) ?? [];
  if (line === undefined) return 'malformed';
  const length = end + 2;
  if (unknown !== undefined) return { length, sourceIp: undefined };
  const isAddress = family === '4' ? isIPv4 : isIPv6;
  const isSound =
    isAddress(source) && isAddress(target) && ports.every((port) => Number(port) < 65_536);
  return isSound ? { length, sourceIp: source } : 'malformed';
}

/** By the byte that names family and transport: how many bytes an address takes. */
const V2_ADDRESS_BYTES: Readonly<Record<number, number>> = { 17: 4, 33: 16 };

function readV2(bytes: Buffer): ProxyHeader {
  const version = bytes.readUInt8(12) >> 4;
  const command = bytes.readUInt8(12) & 0x0f;
  const family = bytes.readUInt8(13);
  const restBytes = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || restBytes > V2_MAX_REST_BYTES) return 'malformed';
  const length = V2_FIXED_BYTES + restBytes;
  if (bytes.length < length) return 'more';
  const addressBytes = V2_ADDRESS_BYTES[family];
  // LOCAL: the proxy itself, such as its health check. Other families are of no use to name a client by.
  if (command === 0 || addressBytes === undefined) return { length, sourceIp: undefined };
  if (restBytes < 2 * addressBytes + 4) return 'malformed';
  return { length, sourceIp: ipOf(bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + addressBytes)) };
}

function ipOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(2 * n).toString(16));
  // In the one spelling that addresses have elsewhere, with `::`.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
