import { type Attack, withHeader } from './attack.ts';
import { forge } from './forge.ts';

export const HEADER_ATTACKS: readonly Attack[] = [
  [
    'a key id that is a path, an injection, a part of every object, or 10 KB long',
    (on) =>
      [
        '../../../../dev/null',
        '/dev/null',
        "' OR '1'='1",
        'x; FLUSHALL',
        '\r\nDEL signum:keys\r\n',
        '__proto__',
        'constructor',
        'toString',
        '{0}',
        '',
        null,
        0,
        ['a'],
        'k'.repeat(10_240),
      ].map((kid) => withHeader(on, { kid })),
  ],
  [
    'a key of its own, or an address to fetch one from',
    (on) => {
      const { d: _, ...jwk } = on.jwks.EdDSA;
      return [
        { jku: on.trap },
        { x5u: on.trap },
        { jwk },
        { x5c: ['MIIB'] },
        { x5t: 'AAAA' },
        { kid: on.trap },
      ].map((change) => withHeader(on, change));
    },
  ],
  [
    'critical extensions, unencoded payloads, compression, nesting',
    (on) =>
      [
        { crit: ['exp'] },
        { crit: ['b64'], b64: false },
        { b64: false },
        { b64: true },
        { zip: 'DEF' },
        { cty: 'JWT' },
        { typ: 'JWT' },
        { typ: 'AT+JWT' },
        { typ: 'application/at+jwt' },
        { typ: undefined },
      ].map((change) => withHeader(on, change)),
  ],
  [
    'an encrypted token, and a token in a token',
    (on) => [
      'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA',
      forge({ ...on.access.header, cty: 'JWT' }, on.pair.accessToken, on.jwks.ES256),
      `${on.pair.accessToken}.${on.pair.accessToken}`,
    ],
  ],
  [
    'JSON serializations',
    ({ access: { raw } }) => {
      const flat = { payload: raw[1], protected: raw[0], signature: raw[2] };
      return [
        JSON.stringify(flat),
        JSON.stringify({ payload: raw[1], signatures: [{ protected: raw[0], signature: raw[2] }] }),
      ];
    },
  ],
];
