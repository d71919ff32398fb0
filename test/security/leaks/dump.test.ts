import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../../src/cli/failure/exit.ts';
import { RootSecret } from '../../../src/domain/root-secret.ts';
import { generateJwk } from '../../../src/signing/keys/generate-jwk.ts';
import { TokenService, transportTo } from '../../setup/server.ts';
import { reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, verdictOf } from '../../wire/issued.ts';
import { type Deployment, openDeployment, privateFile } from './deployment.ts';
import { liveThrough } from './life.ts';
import { createNeedles } from './needles.ts';
import { type Served, serve, signum } from './served.ts';

/** What was good when the copy was taken. */
interface Loot {
  readonly accessTokens: readonly string[];
  readonly refreshTokens: readonly string[];
  readonly apiKeys: readonly string[];
  readonly device: { tenantId: string; userId: string; deviceId: string };
}

let original: Deployment;
let thief: Deployment;
let loot: Loot;

beforeAll(async () => {
  original = await openDeployment();
  const { secrets, env, caFile } = original;
  const served = await serve(env, caFile);
  try {
    const life = await liveThrough(served, secrets.adminKey, createNeedles(), 'connect', []);
    const device = newDevice();
    const tokens = tokensOf(served, life.apiKeys.at(-1) ?? '');
    const live = await issued(tokens, device, { scopes: ['read'] });
    expect(await verdictOf(tokens, live.accessToken)).toBe('ACTIVE');
    const pairs = [...life.pairs, live];
    loot = {
      accessTokens: pairs.map(({ accessToken }) => accessToken),
      refreshTokens: pairs.map(({ refreshToken }) => refreshToken),
      apiKeys: [...life.apiKeys, secrets.adminKey],
      device,
    };
  } finally {
    await served.stop();
    await original.redis.stop();
  }
  thief = await openDeployment({}, original.dataDir);
}, 60_000);
afterAll(async () => {
  await original?.close();
  await thief?.close();
});

const tokensOf = (served: Served, credential: string | null) =>
  createClient(TokenService, transportTo(served.address, served.ca, credential, 'connect'));

test('a server with other secrets does not start on the copy, and says clearly why', async () => {
  const { code, stdout, stderr } = await signum(['serve'], thief.env);
  expect(code).toBe(EXIT.other);
  expect(stdout).toBe('');
  const told = stderr.split('\n').filter((line) => !line.startsWith('{'));
  expect(told[0]).toMatch(/^error: INTERNAL: the key ring in the store cannot be opened/);
  expect(told[0]).toContain(new RootSecret(original.secrets.root).id);
  expect(told.join('\n')).not.toMatch(/^ {4}at /m);
  expect(stderr).toContain('"event":"key_unreadable"');
});

describe('a server with other secrets and keys of its own on the copy', () => {
  let served: Served;
  beforeAll(async () => {
    const jwk = JSON.stringify({ keys: [await generateJwk('ES256')] });
    const file = privateFile(thief.dir, 'keys.json', jwk);
    const keys = { SIGNUM_KEYS: 'files', SIGNUM_KEY_FILES: file };
    served = await serve({ ...thief.env, ...keys }, thief.caFile);
  });
  afterAll(() => served?.stop());

  test('calls no access token active', async () => {
    const admin = tokensOf(served, thief.secrets.adminKey);
    for (const token of loot.accessTokens)
      expect(await verdictOf(admin, token)).toBe('BAD_SIGNATURE');
  });

  test('takes no access token for a credential, and ends nothing by it', async () => {
    for (const token of loot.accessTokens) {
      const asUser = tokensOf(served, token);
      const { device } = loot;
      expect(await reasonOf(asUser.getSession({ device }))).toBe('CREDENTIAL_INVALID');
      const revoke = asUser.revoke({ subject: { case: 'token', value: token } });
      expect(await reasonOf(revoke)).toBe('TOKEN_INVALID');
    }
  });

  test('exchanges no refresh token', async () => {
    for (const refreshToken of loot.refreshTokens) {
      const nobody = tokensOf(served, null);
      expect(await reasonOf(nobody.refresh({ refreshToken }))).toBe('TOKEN_INVALID');
    }
  });

  test('knows no API key, the admin key of before among them', async () => {
    for (const apiKey of loot.apiKeys) {
      const call = tokensOf(served, apiKey).listSessions(loot.device);
      expect(await reasonOf(call)).toBe('CREDENTIAL_INVALID');
    }
  });

  test('works for its own callers all the same', async () => {
    const admin = tokensOf(served, thief.secrets.adminKey);
    const { accessToken } = await issued(admin, newDevice());
    expect(await verdictOf(admin, accessToken)).toBe('ACTIVE');
  });
});

test('with the right secrets the copy is a backup: everything is good again', async () => {
  const served = await serve({ ...thief.env, SIGNUM_SECRET: original.secrets.root }, thief.caFile);
  try {
    const tokens = tokensOf(served, loot.apiKeys.at(-2) ?? '');
    expect(await verdictOf(tokens, loot.accessTokens.at(-1) ?? '')).toBe('ACTIVE');
    const { tokens: pair } = await tokens.refresh({
      refreshToken: loot.refreshTokens.at(-1) ?? '',
    });
    expect(pair?.accessToken).not.toBe('');
  } finally {
    await served.stop();
  }
});
