import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { python } from '../setup/tools.ts';
import { generatePythonStubs } from './python-stubs.ts';

const CLIENT = fileURLToPath(new URL('client.py', import.meta.url));

const path = python();
const missing = 'needs Python 3 with grpcio, grpcio-tools, PyJWT and cryptography';

describe.skipIf(path === undefined)(
  path ? 'a Python client' : `a Python client (${missing})`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'signum-test-python-'));
    beforeAll(() => generatePythonStubs(path ?? '', dir));
    afterAll(() => rmSync(dir, { recursive: true }));

    test.each(['ES256', 'RS256', 'EdDSA'])(
      'issues, validates and revokes over gRPC, and verifies %s tokens by the published keys',
      async (algorithm) => {
        const server = await startTestServer({ SIGNUM_KEY_ALGORITHM: algorithm });
        const found = await runClient(server).finally(() => server.close());
        expect(found).toMatchObject({
          validated: { active: true, verdict: 'VERDICT_ACTIVE', scopes: ['read'] },
          denied: { code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_MISSING', domain: 'signum' },
          invalid: {
            code: 'INVALID_ARGUMENT',
            reason: 'INVALID_FIELD',
            metadata: { field: 'device', rule: 'value is required' },
          },
          same_keys: true,
          header: { alg: algorithm, typ: 'at+jwt' },
          claims: { tid: 'acme', sub: 'ädä', did: 'python{}:*', plan: 'gold', roles: ['a', 'b'] },
          wrong_audience: 'refused',
          revoked: 1,
          validated_after: {
            verdict: 'VERDICT_REVOKED',
            revocationReason: 'REVOCATION_REASON_LOGOUT',
          },
        });
      },
      60_000,
    );

    async function runClient({ grpcAddress, address, certificates, adminKey }: TestServer) {
      const client = spawn(path ?? '', [CLIENT, dir, grpcAddress, address, certificates.caFile]);
      client.stdin.end(adminKey);
      const [output, errors] = await Promise.all([text(client.stdout), text(client.stderr)]);
      if (output === '') throw new Error(errors);
      return JSON.parse(output);
    }
  },
);
