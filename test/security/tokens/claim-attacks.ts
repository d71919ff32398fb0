import { type Attack, type Material, withPayload } from './attack.ts';

const withClaims = (on: Material, change: object): string =>
  withPayload(on, { ...on.access.payload, ...change });

const withoutClaim = (on: Material, name: string): string => {
  const { [name]: _, ...rest } = on.access.payload;
  return withPayload(on, rest);
};

export const CLAIM_ATTACKS: readonly Attack[] = [
  [
    'an expiry or issue time that is missing, text, a fraction, negative, huge or null',
    (on) =>
      ['exp', 'iat'].flatMap((name) => [
        withoutClaim(on, name),
        ...['9999999999', 1.5, -1, 1e300, 2 ** 53, null, true, [9999999999], {}].map((value) =>
          withClaims(on, { [name]: value }),
        ),
      ]),
  ],
  [
    'an id that is missing, of another type, empty, too long, or with control characters',
    (on) =>
      ['sub', 'tid', 'did', 'jti', 'sid'].flatMap((name) => [
        withoutClaim(on, name),
        ...['', 0, null, ['x'], 'x'.repeat(257), 'a\u0000b', 'a\nb'].map((value) =>
          withClaims(on, { [name]: value }),
        ),
      ]),
  ],
  [
    'a token id in another spelling',
    (on) => [
      withClaims(on, { jti: String(on.access.payload['jti']).toUpperCase() }),
      withClaims(on, { jti: `{${on.access.payload['jti']}}` }),
      withClaims(on, { jti: `urn:uuid:${on.access.payload['jti']}` }),
    ],
  ],
  [
    'another issuer, or an audience that is missing or empty',
    (on) => [
      withClaims(on, { iss: 'https://evil.example' }),
      withClaims(on, { iss: [on.access.payload['iss']] }),
      withClaims(on, { iss: `${on.access.payload['iss']}/` }),
      withoutClaim(on, 'iss'),
      withoutClaim(on, 'aud'),
      withClaims(on, { aud: [] }),
      withClaims(on, { aud: '' }),
      withClaims(on, { aud: [['api']] }),
    ],
  ],
];
