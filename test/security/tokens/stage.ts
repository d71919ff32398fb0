import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import { ALGORITHMS, type Algorithm } from '@signum/token';
import type { JWK } from 'jose';
import { RootSecrets } from '../../../src/domain/root-secret.ts';
import { generateJwk } from '../../../src/signing/keys/generate-jwk.ts';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { issued, newDevice } from '../../wire/issued.ts';

/** A server whose every key the attacker of a test holds too, so that only the form can be wrong. */
export interface Stage {
  readonly server: TestServer;
  readonly jwks: Readonly<Record<Algorithm, JWK>>;
  /** The HS256 key of refresh tokens. */
  readonly refreshJwk: JWK;
  /** The file that the ring is read from. */
  readonly keyFile: string;
  /** The live session that forgeries name. */
  readonly pair: TokenPair;
  close(): Promise<void>;
}

/** ES256 signs; keys of all other algorithms are in the ring and verify. */
export async function openStage(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const made = await Promise.all(ALGORITHMS.map((algorithm) => generateJwk(algorithm)));
  const jwks = Object.fromEntries(made.map((jwk) => [jwk.alg, jwk])) as Stage['jwks'];
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-keys-'));
  const file = join(dir, 'keys.json');
  const keys = [jwks.ES256, ...made.filter(({ alg }) => alg !== 'ES256')];
  writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
  const server = await startTestServer({
    SIGNUM_KEYS: 'files',
    SIGNUM_KEY_FILES: file,
    ...env,
  });
  const secret = new RootSecrets([server.env['SIGNUM_SECRET'] ?? '']).current;
  const k = Buffer.from(secret.refreshKey().reveal()).toString('base64url');
  return {
    server,
    jwks,
    keyFile: file,
    refreshJwk: { kty: 'oct', alg: 'HS256', kid: secret.id, k },
    pair: await issued(server.client(TokenService), newDevice(), { scopes: ['read'] }),
    async close() {
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
