import { expect, test } from 'vitest';
import { challengeScheme, type TokenScheme } from './challenge-scheme.ts';

const THUMBPRINT = 'A'.repeat(43);

const tokenOf = (claims: object) =>
  `eyJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AA`;

test.each<[string, string, TokenScheme, TokenScheme]>([
  ['bound to a key', tokenOf({ cnf: { jkt: THUMBPRINT } }), 'DPoP', 'DPoP'],
  ['bound to a certificate', tokenOf({ cnf: { 'x5t#S256': THUMBPRINT } }), 'Bearer', 'Bearer'],
  ['bound to nothing', tokenOf({ sub: 'ada' }), 'Bearer', 'DPoP'],
  ['that is none', 'rubbish', 'Bearer', 'DPoP'],
  ['whose payload is none', 'eyJ9.AAAA.AA', 'Bearer', 'DPoP'],
  ['bound to something unknown', tokenOf({ cnf: { kid: 'x' } }), 'Bearer', 'DPoP'],
])('a token %s is challenged in its own scheme', (_what, token, asBearer, asDpop) => {
  expect(challengeScheme('Bearer', token)).toBe(asBearer);
  expect(challengeScheme('DPoP', token)).toBe(asDpop);
});
