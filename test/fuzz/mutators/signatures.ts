import { createHmac } from 'node:crypto';
import { ecdsaTwin } from '../../security/tokens/forge.ts';
import type { Seed } from '../corpus.ts';
import type { Mutator } from './mutator.ts';
import { flip } from './segments.ts';

const HASH = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;
/** Of P-256, as r or s: zero, one, the order and its neighbours, the largest number of 32 bytes. */
const EDGES = [
  '0',
  '1',
  'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550',
  'f'.repeat(64),
].map((hex) => Buffer.from(hex.padStart(64, '0'), 'hex'));

/** Leaves what is said alone and forges who says it. */
export const SIGNATURE_MUTATORS: Readonly<Record<string, Mutator>> = {
  'ECDSA twin': ({ random }, seed) =>
    random.chance(0.9) && seed.headerText.includes('"ES256"')
      ? ecdsaTwin(seed.token)
      : withSignature(seed, flip(random, Buffer.from(seed.signature))),
  'signature of another length': ({ random }, seed) => {
    const { signature } = seed;
    const forms = [
      () => signature.subarray(0, random.int(signature.length)),
      () => Buffer.concat([signature, random.bytes(1 + random.int(8))]),
      () => Buffer.concat([Buffer.alloc(1), signature]),
      () => Buffer.concat([signature, signature]),
      () => random.bytes(random.int(520)),
    ];
    return withSignature(seed, random.pick(forms)());
  },
  'signature of edge values': ({ random }, seed) =>
    withSignature(
      seed,
      random.chance(0.7)
        ? Buffer.concat([
            random.pick([...EDGES, seed.signature.subarray(0, 32)]),
            random.pick(EDGES),
          ])
        : Buffer.alloc(seed.signature.length, random.pick([0, 1, 0x7f, 0x80, 0xff])),
    ),
  'signature in DER': ({ random }, seed) => {
    const half = () => random.bytes(33);
    const [r, s] = random.chance(0.5)
      ? [seed.signature.subarray(0, 32), seed.signature.subarray(32, 64)]
      : [half(), half()];
    const body = Buffer.concat([Buffer.from([2, r.length]), r, Buffer.from([2, s.length]), s]);
    return withSignature(seed, Buffer.concat([Buffer.from([0x30, body.length]), body]));
  },
  'HMAC under a public key': ({ random, forger }, seed) => {
    const { kid } = JSON.parse(seed.headerText) as { kid: string };
    const alg = random.pick(Object.keys(HASH) as (keyof typeof HASH)[]);
    const typ = random.chance(0.8) ? 'at+jwt' : 'rt+jwt';
    const header = Buffer.from(JSON.stringify({ alg, typ, kid })).toString('base64url');
    const input = `${header}.${seed.segments[1]}`;
    const mac = createHmac(HASH[alg], random.pick(forger.publicTexts)).update(input);
    return `${input}.${mac.digest('base64url')}`;
  },
};

function withSignature({ segments }: Seed, signature: Buffer): string {
  return `${segments[0]}.${segments[1]}.${signature.toString('base64url')}`;
}
