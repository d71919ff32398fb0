import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { JWK } from 'jose';
import type { Attack, Material } from './attack.ts';
import { encode, forge } from './forge.ts';

/** The live token with another signature. */
const withSignature = ({ access }: Material, signature: string): string =>
  [access.raw[0], access.raw[1], signature].join('.');

const publicText = (jwk: JWK): readonly (string | Buffer)[] => {
  const key = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' }));
  const { d: _, ...publicJwk } = jwk;
  return [
    key.export({ format: 'pem', type: 'spki' }),
    key.export({ format: 'der', type: 'spki' }),
    JSON.stringify(publicJwk),
    '',
  ];
};

export const SIGNATURE_ATTACKS: readonly Attack[] = [
  [
    'alg none in any spelling, with and without a signature',
    (on) =>
      ['none', 'None', 'NONE', 'nOnE', 'none ', ''].flatMap((alg) => {
        const input = `${encode({ ...on.access.header, alg })}.${on.access.raw[1]}`;
        return [`${input}.`, input, `${input}.${on.access.raw[2]}`];
      }),
  ],
  [
    'a public key as HMAC secret',
    ({ access, jwks }) =>
      (['RS256', 'PS256', 'ES256', 'EdDSA'] as const).flatMap((algorithm) =>
        publicText(jwks[algorithm]).map((secret) => {
          const header = { alg: 'HS256', typ: 'at+jwt', kid: jwks[algorithm].kid };
          const input = `${encode(header)}.${access.raw[1]}`;
          return `${input}.${encode(createHmac('sha256', secret).update(input).digest())}`;
        }),
      ),
  ],
  [
    "another key's signature under this key's id, and every algorithm under every key",
    ({ access, jwks }) =>
      Object.values(jwks).flatMap((signer) =>
        Object.values(jwks)
          .filter(({ kid }) => kid !== signer.kid)
          .map(({ kid }) => forge({ alg: signer.alg, typ: 'at+jwt', kid }, access.payload, signer)),
      ),
  ],
  [
    'empty, zero, one, cut, doubled and DER signatures',
    (on) => {
      const { signature, raw } = on.access;
      const input = Buffer.from(`${raw[0]}.${raw[1]}`);
      const key = createPrivateKey({ key: on.jwks.ES256, format: 'jwk' });
      return [
        Buffer.alloc(0),
        Buffer.alloc(64),
        Buffer.alloc(64, 0xff),
        Buffer.concat([Buffer.alloc(63), Buffer.from([1])]),
        signature.subarray(0, 63),
        Buffer.concat([signature, Buffer.alloc(1)]),
        Buffer.concat([signature, signature]),
        sign('sha256', input, key),
      ].map((bytes) => withSignature(on, encode(bytes)));
    },
  ],
  [
    'a payload that was not signed',
    ({ access, jwks }) => {
      const stolen = encode({ ...access.payload, sub: 'root' });
      return [
        [access.raw[0], stolen, access.raw[2]].join('.'),
        [encode({ ...access.header, kid: jwks.EdDSA.kid }), access.raw[1], access.raw[2]].join('.'),
      ];
    },
  ],
];
