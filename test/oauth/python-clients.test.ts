import { expect, test } from 'vitest';
import { clientCommand, PYTHON_CLIENTS } from '../setup/client-programs.ts';
import { describeClients } from './describe-clients.ts';

describeClients(
  { ...PYTHON_CLIENTS, command: clientCommand(PYTHON_CLIENTS) },
  [
    {
      name: 'Authlib',
      does: ['discover', 'introspect', 'verify', 'refresh', 'revoke'],
      unknownAlgorithms: ['EdDSA', 'PS256'],
      authenticatesBy: ['private_key_jwt'],
    },
    { name: 'PyJWT', does: ['discover', 'verify'] },
    {
      name: 'requests-oauth2client',
      does: ['discover', 'introspect', 'refresh', 'revoke', 'dpop'],
      authenticatesBy: ['private_key_jwt'],
    },
  ],
  (found) => {
    test('requests-oauth2client shows an API its token with a proof, and then with the nonce', () => {
      const { bound } = found()['requests-oauth2client'];
      expect(bound.at_api).toEqual({ status: 200, user: 'ada' });
    });

    test('requests-oauth2client ends a bound session as a client, or with a proof, and not without', () => {
      const { bound } = found()['requests-oauth2client'];
      expect(bound).toMatchObject({
        stolen: 'invalid_dpop_proof',
        revoked_without_proof: 'invalid_dpop_proof',
        revoked_by_client: true,
        after: { active: false },
      });
    });
  },
);
