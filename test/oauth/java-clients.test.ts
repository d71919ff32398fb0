import { expect, test } from 'vitest';
import { clientCommand, JAVA_CLIENTS } from '../setup/client-programs.ts';
import { describeClients } from './describe-clients.ts';

describeClients(
  { ...JAVA_CLIENTS, command: clientCommand(JAVA_CLIENTS) },
  [
    {
      name: 'Nimbus',
      does: ['discover', 'introspect', 'verify', 'refresh', 'revoke', 'dpop'],
      unknownAlgorithms: ['EdDSA'],
    },
    {
      name: 'Spring Security',
      does: ['discover', 'verify', 'refresh'],
      doesToo: ['introspect'],
      unknownAlgorithms: ['EdDSA'],
    },
  ],
  (found) => {
    test('Spring Security introspects, and makes authorities of the scopes', () => {
      const { principal, inactive, refused_client } = found()['Spring Security'];
      expect(principal).toEqual({
        ...{ name: 'ada', sub: 'ada', aud: ['test-api'], iss: expect.any(String), exp: 'Instant' },
        authorities: ['SCOPE_read', 'SCOPE_write'],
      });
      const bad = { raised: 'BadOpaqueTokenException' };
      const names = ['expired', 'forged', 'garbage', 'refresh_token', 'revoked'];
      expect(inactive).toEqual(Object.fromEntries(names.map((name) => [name, bad])));
      // Not the token's fault: an outage, or its own.
      expect(refused_client).toEqual({ raised: 'OAuth2IntrospectionException' });
    });

    test('Nimbus is told to show a proof, and then which nonce to put into it', () => {
      const { stolen, asked } = found()['Nimbus'].bound;
      expect([stolen, asked]).toEqual(['invalid_dpop_proof', 'use_dpop_nonce']);
    });
  },
);
