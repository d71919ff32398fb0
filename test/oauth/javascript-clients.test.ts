import { join } from 'node:path';
import { describeClients } from './describe-clients.ts';

const MAIN = join(import.meta.dirname, 'javascript', 'main.ts');

describeClients({ command: [process.execPath, MAIN], needs: 'Node' }, [
  { name: 'jose', does: ['discover', 'verify'] },
  {
    name: 'openid-client',
    does: ['discover', 'introspect', 'refresh', 'revoke', 'dpop'],
    authenticatesBy: ['private_key_jwt'],
    // Of an answer with a challenge it reads no more than that.
    refusedClient: 401,
    // RFC 6749 section 5.1: in any case.
    tokenTypes: { bearer: 'bearer', dpop: 'dpop' },
  },
]);
