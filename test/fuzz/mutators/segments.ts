import { respell } from '../../security/tokens/forge.ts';
import type { Seed } from '../corpus.ts';
import type { Random } from '../random.ts';
import type { Mutator, Workshop } from './mutator.ts';

/** Works on the three segments and on the bytes that they spell. */
export const SEGMENT_MUTATORS: Readonly<Record<string, Mutator>> = {
  'flip bits': (shop, seed) => change(shop, seed, (bytes) => flip(shop.random, bytes)),
  'insert or delete bytes': ({ random, ...rest }, seed) =>
    change({ random, ...rest }, seed, (bytes) => {
      const at = random.int(bytes.length + 1);
      const cut = random.chance(0.5) ? random.int(4) : 0;
      const put = random.bytes(cut === 0 ? 1 + random.int(4) : 0);
      return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
    }),
  "take another token's segment": ({ random, corpus }, { segments }) => {
    const other = random.pick(corpus.seeds).segments;
    const at = random.int(3);
    return segments.map((segment, i) => (i === at ? other[i] : segment)).join('.');
  },
  'order, drop and repeat segments': ({ random }, { segments }) =>
    Array.from({ length: 1 + random.int(5) }, () =>
      random.chance(0.1) ? '' : random.pick(segments),
    ).join(random.chance(0.95) ? '.' : random.pick(['', '..', ',', ' ', '\0'])),
  'spell a segment otherwise': ({ random }, { segments }) => {
    const at = random.int(3);
    return segments
      .map((segment, i) => (i === at ? spellings(random, segment) : segment))
      .join('.');
  },
};

function change({ random }: Workshop, { segments }: Seed, edit: (bytes: Buffer) => Buffer): string {
  const at = random.int(3);
  return segments
    .map((text, i) =>
      i === at ? edit(Buffer.from(text, 'base64url')).toString('base64url') : text,
    )
    .join('.');
}

export function flip(random: Random, bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  for (let i = 1 + random.int(3); i > 0; i -= 1) {
    const at = random.int(flipped.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random.int(8));
  }
  return flipped;
}

function spellings(random: Random, segment: string): string {
  const bytes = Buffer.from(segment, 'base64url');
  switch (random.int(5)) {
    case 0:
      return respell(segment) ?? `${segment}A`;
    case 1:
      return bytes.toString('base64');
    case 2:
      return `${segment}${'='.repeat(1 + random.int(3))}`;
    case 3:
      return bytes.toString('hex');
    default:
      return segment.replaceAll('-', '+').replaceAll('_', '/');
  }
}
