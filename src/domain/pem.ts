import { X509Certificate } from 'node:crypto';

/** A block of PEM (RFC 7468). */
export interface PemBlock {
  /** Such as `CERTIFICATE`. */
  readonly label: string;
  /** With its two boundaries. */
  readonly text: string;
}

/** What is wrong, as a predicate of the file: `is empty`. It holds nothing of what the file holds. */
export interface PemFault {
  readonly fault: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;
const BOUNDARY = /-----(?:BEGIN|END) /g;
const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/;

/**
 * The blocks of a file, in their order; what stands between them is a comment (section 2). One that begins
 * and does not end, as in a file that was cut short, is a fault: TLS passes over it and all behind it.
 */
export function pemBlocks(text: string): readonly PemBlock[] | PemFault {
  const blocks = [...text.matchAll(BLOCK)].map(([text, label = '']) => ({ label, text }));
  const boundaries = text.match(BOUNDARY) ?? [];
  if (boundaries.length === 2 * blocks.length) return blocks;
  return { fault: `holds a PEM block (${blocks.length + 1}.) without its beginning or its end` };
}

/** The certificates among the blocks of a file, all of them sound. */
export function certificatesIn(text: string): readonly X509Certificate[] | PemFault {
  const blocks = pemBlocks(text);
  return 'fault' in blocks ? blocks : certificatesOf(blocks);
}

/** The same of a file of authorities, which holds nothing else: lists of revoked certificates are not read. */
export function authoritiesIn(text: string): readonly X509Certificate[] | PemFault {
  const blocks = pemBlocks(text);
  if ('fault' in blocks) return blocks;
  const found = certificatesOf(blocks);
  const other = blocks.find(({ label }) => !CERTIFICATE.test(label));
  if ('fault' in found || other === undefined) return found;
  return { fault: `holds a PEM block that is no certificate (${other.label}) and is not read` };
}

function certificatesOf(blocks: readonly PemBlock[]): readonly X509Certificate[] | PemFault {
  const found: X509Certificate[] = [];
  for (const { text } of blocks.filter(({ label }) => CERTIFICATE.test(label))) {
    try {
      found.push(new X509Certificate(text));
    } catch {
      return { fault: `holds a certificate (${found.length + 1}.) that is damaged` };
    }
  }
  return found.length === 0 ? { fault: 'holds no PEM certificate' } : found;
}
