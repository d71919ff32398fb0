/** HTTP/2 by hand (RFC 9113, RFC 7541): what no client library would send. */

export const TYPE = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  reset: 0x3,
  settings: 0x4,
  ping: 0x6,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const FLAG = { endStream: 0x1, endHeaders: 0x4 } as const;

/** What a client sends first: the preface and its settings. */
export function opening(...settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  return Buffer.concat([preface, frame(TYPE.settings, 0, 0, payload)]);
}

export const INITIAL_WINDOW_SIZE = 0x4;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A request's pseudo-headers and further headers, as literals that enter no table. */
export function headerBlock(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'POST',
): Buffer {
  const further = Object.entries(headers).map(([name, value]) =>
    Buffer.concat([Buffer.of(0x00), text(name), text(value)]),
  );
  const verb = method === 'GET' ? Buffer.of(0x82) : Buffer.of(0x83);
  const scheme = Buffer.of(0x87);
  const authority = Buffer.concat([Buffer.of(0x01), text('localhost')]);
  return Buffer.concat([verb, scheme, Buffer.of(0x04), text(path), authority, ...further]);
}

/** A header that enters the dynamic table, and then so many references to it of one byte each. */
export function tableBomb(size: number, references: number): Buffer {
  const entry = Buffer.concat([Buffer.of(0x40), text('x'), text('y'.repeat(size))]);
  return Buffer.concat([entry, Buffer.alloc(references, 0xbe)]);
}

/** A string literal without Huffman coding. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([integer(bytes.byteLength, 7), bytes]);
}

/** RFC 7541 section 5.1. */
function integer(value: number, prefixBits: number): Buffer {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) return Buffer.of(value);
  const bytes = [limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
