import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { findFreePort } from '../../src/dev/free-port.ts';
import { generateJwk } from '../../src/signing/keys/generate-jwk.ts';
import { startAnother } from '../requirements/another-server.ts';
import { forge, partsOf } from '../security/tokens/forge.ts';
import {
  AUDIENCE,
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../setup/server.ts';

/** All algorithms whose keys are published. */
const ALGORITHMS = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const;
const OTHER_AUDIENCE = 'other-api';
const HOUR_S = 3_600;

/** The client's name as a caller, who may validate, refresh and revoke. */
export const CLIENT_ID = 'api';

/** What one library is given: tokens of its own, as it uses some of them up. */
export interface Given {
  /** Good access tokens, by the algorithm of their signature. */
  readonly good: Readonly<Record<string, string>>;
  /** What verifying by the published keys must refuse. */
  readonly bad: Readonly<Record<string, string>>;
  /** What introspection must call inactive. */
  readonly inactive: Readonly<Record<string, string>>;
  readonly refresh_token: string;
  readonly another_refresh_token: string;
  /** A good access token, to be revoked. */
  readonly revocable: string;
  /** Private key of the client, by which it signs assertions. */
  readonly client_key: JWK;
  /** A session that is bound to a key, with the key. */
  readonly bound: {
    readonly key: JWK;
    readonly access_token: string;
    readonly refresh_token: string;
  };
}

export interface IssueOptions {
  readonly audiences?: string[];
  readonly lifetimeS?: number;
  /** Thumbprint of the key to bind it to. */
  readonly jkt?: string;
}

export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  revoke(): Promise<unknown>;
}

/** A Signum that stock clients find by its issuer, and what they need to know of it. */
export interface ClientLab {
  readonly signum: TestServer;
  readonly issuer: string;
  readonly clientSecret: string;
  issue(options?: IssueOptions): Promise<IssuedTokens>;
  given(): Promise<Given>;
  close(): Promise<void>;
}

/** Its keys are of every algorithm that is published; DPoP proofs must hold its nonces. */
export async function openClientLab(): Promise<ClientLab> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-clients-'));
  const keys = await Promise.all(ALGORITHMS.map((algorithm) => generateJwk(algorithm)));
  const files = keys.map((key) => writeKey(join(dir, `${key.alg}.jwk`), key));
  const port = await findFreePort();
  const issuer = `https://localhost:${port}/tenants/one`;
  const signum = await startTestServer({
    SIGNUM_ISSUER: issuer,
    SIGNUM_PUBLIC_LISTEN: `127.0.0.1:${port}`,
    SIGNUM_AUDIENCE: `${AUDIENCE},${OTHER_AUDIENCE}`,
    SIGNUM_KEYS: 'files',
    SIGNUM_KEY_FILES: files.join(','),
    SIGNUM_DPOP_NONCE: 'required',
  });
  const clientKey = { ...(await generateJwk('ES256')), kid: 'client' };
  const { d: _, ...publicKey } = clientKey;
  const { apiKey } = await signum.client(CallerService).createCaller({
    name: CLIENT_ID,
    permissions: [Permission.VALIDATE, Permission.REFRESH, Permission.REVOKE],
    tenants: ['acme'],
    jwks: JSON.stringify({ keys: [publicKey] }),
  });
  const issue = (options?: IssueOptions) => issueAt(signum, options);
  const good = await issueByEachKey(signum, files);
  const { bad, inactive } = await spoil(issue, good, keys[0]);
  return {
    ...{ signum, issuer, clientSecret: apiKey, issue },
    async given() {
      const key = await generateJwk('ES256');
      const bound = await issue({ jkt: await calculateJwkThumbprint(key) });
      return {
        ...{ good, bad, inactive },
        refresh_token: (await issue()).refreshToken,
        another_refresh_token: (await issue()).refreshToken,
        revocable: (await issue()).accessToken,
        client_key: clientKey,
        bound: { key, access_token: bound.accessToken, refresh_token: bound.refreshToken },
      };
    },
    async close() {
      await signum.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function writeKey(file: string, key: JWK): string {
  writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
  return file;
}

let devices = 0;

/** A session of its own device, by one server of the deployment. */
export async function issueAt(
  server: TestServer,
  { audiences = [AUDIENCE], lifetimeS, jkt }: IssueOptions = {},
): Promise<IssuedTokens> {
  devices += 1;
  const tokens = server.client(TokenService);
  const { tokens: pair } = await tokens.issue({
    device: { tenantId: 'acme', userId: 'ada', deviceId: `d${devices}` },
    scopes: ['read', 'write'],
    audiences,
    claims: { plan: 'gold' },
    clientId: 'app',
    ...(lifetimeS !== undefined && { accessLifetime: { seconds: BigInt(lifetimeS) } }),
    ...(jkt !== undefined && { confirmation: { method: { case: 'jkt', value: jkt } } }),
  });
  const { accessToken = '', refreshToken = '' } = pair ?? {};
  const subject = { case: 'token', value: accessToken } as const;
  return { accessToken, refreshToken, revoke: () => tokens.revoke({ subject }) };
}

/** By servers of the same deployment that sign by another key each, and are gone when they have. */
async function issueByEachKey(
  signum: TestServer,
  files: readonly string[],
): Promise<Record<string, string>> {
  const good: Record<string, string> = {};
  for (const [index, algorithm] of ALGORITHMS.entries()) {
    const ordered = [files[index], ...files.filter((_, other) => other !== index)].join(',');
    const change = { SIGNUM_KEY_FILES: ordered, SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0' };
    const signer = await startAnother({ ...signum, env: { ...signum.env, ...change } });
    good[algorithm] = (await issueAt(signer)).accessToken;
    await signer.close();
  }
  return good;
}

/** Tokens that are not good, for every reason that a library may look at. */
async function spoil(
  issue: ClientLab['issue'],
  { ES256 = '' }: Readonly<Record<string, string>>,
  key: JWK = {},
): Promise<Pick<Given, 'bad' | 'inactive'>> {
  const { header, payload } = partsOf(ES256);
  const nowS = Math.floor(Date.now() / 1_000);
  const past = { iat: nowS - 2 * HOUR_S, exp: nowS - HOUR_S };
  const expired = forge(header, { ...payload, ...past }, key);
  const forged = forge(header, payload, await generateJwk('ES256'));
  const other_issuer = forge(header, { ...payload, iss: 'https://signum.example' }, key);
  const other_audience = (await issue({ audiences: [OTHER_AUDIENCE] })).accessToken;
  const revoked = await issue();
  await revoked.revoke();
  return {
    bad: { expired, forged, garbage: 'garbage', other_audience, other_issuer },
    inactive: {
      ...{ expired, forged, garbage: 'garbage', revoked: revoked.accessToken },
      refresh_token: (await issue()).refreshToken,
    },
  };
}
