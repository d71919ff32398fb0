import { type Attack, type Material, withHeader } from './attack.ts';
import { forge } from './forge.ts';

const withRefreshClaims = ({ refresh, refreshJwk }: Material, change: object): string =>
  forge(refresh.header, { ...refresh.payload, ...change }, refreshJwk);

/** These are refused as refresh tokens, and as anything else. */
export const REFRESH_ATTACKS: readonly Attack[] = [
  [
    'a refresh token with another session, a broken generation or no expiry, rightly signed',
    (on) => [
      ...[-1, 1.5, '0', null, 2 ** 53].map((gen) => withRefreshClaims(on, { gen })),
      ...['x', null, 1e300].map((exp) => withRefreshClaims(on, { exp })),
      withRefreshClaims(on, { iss: 'https://evil.example' }),
      withRefreshClaims(on, { sid: 'not-a-uuid' }),
      withRefreshClaims(on, { ati: '' }),
    ],
  ],
  [
    'a refresh token under another algorithm, another key, or another type',
    (on) => {
      const { header, payload } = on.refresh;
      return [
        forge({ ...header, alg: 'none' }, payload, on.refreshJwk),
        forge({ ...header, alg: 'HS512' }, payload, on.refreshJwk, 'HS512'),
        forge({ ...header, kid: '00000000' }, payload, on.refreshJwk),
        forge({ ...header, alg: 'ES256', kid: on.jwks.ES256.kid }, payload, on.jwks.ES256),
        forge({ ...header, typ: 'at+jwt' }, payload, on.refreshJwk),
        forge({ ...header, jku: on.trap }, payload, on.refreshJwk),
        forge({ ...header, kid: on.jwks.HS256.kid }, payload, on.jwks.HS256),
      ];
    },
  ],
  [
    'an access token dressed up as a refresh token, and the reverse',
    (on) => [
      withHeader(on, { typ: 'rt+jwt' }),
      forge({ ...on.refresh.header, typ: 'at+jwt' }, on.access.payload, on.refreshJwk),
      forge(on.access.header, on.refresh.payload, on.jwks.ES256),
    ],
  ],
];
