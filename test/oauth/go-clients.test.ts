import { expect, test } from 'vitest';
import { clientCommand, GO_CLIENTS } from '../setup/client-programs.ts';
import { describeClients } from './describe-clients.ts';

describeClients(
  { ...GO_CLIENTS, command: clientCommand(GO_CLIENTS) },
  [
    { name: 'go-oidc', does: ['discover', 'verify'] },
    { name: 'golang.org/x/oauth2', does: ['refresh'] },
  ],
  (found) => {
    test('golang.org/x/oauth2 refreshes with a secret in the header and in the form, and with none but the right one', () => {
      const { refreshed_by, refused_client } = found()['golang.org/x/oauth2'];
      expect(refreshed_by).toEqual({ client_secret_basic: true, client_secret_post: true });
      expect(refused_client).toBe('invalid_client');
    });
  },
);
