import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AUDIENCE } from '../setup/server.ts';
import { CLIENT_ID, type ClientLab, openClientLab } from './client-lab.ts';

/** What one library has found out, by its program's words; absent is what it cannot do. */
// biome-ignore lint/suspicious/noExplicitAny: another program says it, and tests look at it.
export type Findings = any;

/** What a library does, and where it leaves the usual. */
export interface StockClient {
  readonly name: string;
  readonly does: readonly Ability[];
  /** What tests of its own look at. */
  readonly doesToo?: readonly Ability[];
  /** By what it authenticates besides a secret. */
  readonly authenticatesBy?: readonly 'private_key_jwt'[];
  /** Algorithms that it does not verify, of those that are published. */
  readonly unknownAlgorithms?: readonly string[];
  /** What it tells of its own secret being refused. */
  readonly refusedClient?: unknown;
  /** How it tells the type of a token. */
  readonly tokenTypes?: { readonly bearer: string; readonly dpop: string };
}

export interface RunnableProgram {
  /** What starts it; undefined where it is not there. */
  readonly command: readonly string[] | undefined;
  readonly needs: string;
}

export type Ability = keyof typeof ABILITIES;

const TOKEN_TYPES = { bearer: 'Bearer', dpop: 'DPoP' };
const GUIDE = 'docs/guide/oauth-clients.md';
/** All whose keys are published. */
const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'];
const DEAD = { active: false };

/** Tests of one ability each; titles follow the library's name. */
const ABILITIES = {
  discover: (found) =>
    test('finds the server by its issuer', () => {
      const { issuer } = lab;
      const { origin } = new URL(issuer);
      expect(found().discovered).toMatchObject({
        issuer,
        token_endpoint: `${origin}/oauth2/token`,
        introspection_endpoint: `${origin}/oauth2/introspect`,
        revocation_endpoint: `${origin}/oauth2/revoke`,
        jwks_uri: `${origin}/.well-known/jwks.json`,
      });
    }),

  introspect(found, { refusedClient = 'invalid_client', authenticatesBy = [] }) {
    test.each(['client_secret_basic', 'client_secret_post', ...authenticatesBy])(
      'introspects with %s',
      (method) => {
        expect(found().introspected[method]).toMatchObject({
          ...{ active: true, iss: lab.issuer, sub: 'ada', aud: AUDIENCE, scope: 'read write' },
          ...{ token_type: 'Bearer', exp: expect.any(Number), iat: expect.any(Number) },
          ...{ jti: expect.any(String), tid: 'acme', plan: 'gold' },
        });
      },
    );
    test('learns of what is not good nothing but that', () => {
      const { inactive } = found();
      const names = ['expired', 'forged', 'garbage', 'refresh_token', 'revoked'];
      expect(inactive).toEqual(Object.fromEntries(names.map((name) => [name, DEAD])));
    });
    test('is refused with a wrong secret', () => {
      expect(found().refused_client).toBe(refusedClient);
    });
  },

  verify(found, { unknownAlgorithms = [] }) {
    test('verifies tokens by the published keys', () => {
      const { verified } = found();
      const known = ALGORITHMS.filter((algorithm) => !unknownAlgorithms.includes(algorithm));
      expect(verified).toMatchObject(Object.fromEntries(known.map((name) => [name, 'ada'])));
      // A library that learns one is to be told so in the guide.
      for (const algorithm of unknownAlgorithms)
        expect(verified[algorithm]).toHaveProperty('raised');
    });
    test('refuses what is expired, forged, of another issuer or for another audience', () => {
      const { unverified } = found();
      expect(Object.keys(unverified).sort()).toEqual([
        ...['expired', 'forged', 'garbage', 'other_audience', 'other_issuer'],
      ]);
      for (const outcome of Object.values(unverified)) expect(outcome).toHaveProperty('raised');
    });
  },

  refresh(found, { tokenTypes = TOKEN_TYPES }) {
    test('refreshes, and gets the same answer again when the first is lost', () => {
      const { first, answered_again, rotated } = found().refreshed;
      expect(first).toMatchObject({
        ...{ token_type: tokenTypes.bearer, scope: 'read write', expires_in: expect.any(Number) },
        ...{ access_token: expect.any(String), refresh_token: expect.any(String) },
      });
      expect({ answered_again, rotated }).toEqual({ answered_again: true, rotated: true });
    });
    test('is told invalid_grant of a token that was used before, and then of its session', () => {
      expect(found().reused).toEqual(['invalid_grant', 'invalid_grant']);
      expect(found().garbage).toBe('invalid_grant');
    });
  },

  revoke: (found) =>
    test('revokes without a secret, and the token is dead at once', () => {
      expect(found().revoked).toEqual({ before: true, status: 200, after: DEAD });
    }),

  dpop: (found, { tokenTypes = TOKEN_TYPES }) =>
    test('refreshes a session that is bound to its key, with the nonce that it is asked for', () => {
      const { refreshed, introspected, thumbprint } = found().bound;
      expect(refreshed).toMatchObject({
        token_type: tokenTypes.dpop,
        expires_in: expect.any(Number),
      });
      expect(introspected).toMatchObject({
        ...{ active: true, token_type: 'DPoP', cnf: { jkt: thumbprint } },
      });
    }),
} satisfies Record<string, (found: () => Findings, client: StockClient) => void>;

/** A client's line of the table in the guide. */
function rowOf({ name, does, doesToo = [], unknownAlgorithms = [] }: StockClient): string {
  const known = ALGORITHMS.filter((algorithm) => !unknownAlgorithms.includes(algorithm));
  const verified = unknownAlgorithms.length === 0 ? 'all' : known.join(', ');
  const cells = (Object.keys(ABILITIES) as Ability[]).map((ability) => {
    if (!does.includes(ability) && !doesToo.includes(ability)) return '–';
    return ability === 'verify' ? verified : 'yes';
  });
  return `| ${[name, ...cells].join(' | ')} |`;
}

let lab: ClientLab;

/**
 * Runs a program once, for all of its libraries, and looks at what each has found. `more` adds tests of
 * what a library does that others do not.
 */
export function describeClients(
  { command, needs }: RunnableProgram,
  clients: readonly StockClient[],
  more: (found: () => Record<string, Findings>) => void = () => {},
): void {
  const what = clients.map(({ name }) => name).join(', ');
  const title = command ? what : `${what} (needs ${needs}, and what npm test fetches)`;
  describe.skipIf(command === undefined)(title, () => {
    let findings: Record<string, Findings>;
    beforeAll(async () => {
      lab = await openClientLab();
      findings = await run(command ?? [], clients);
    }, 120_000);
    afterAll(() => lab?.close());
    for (const client of clients) {
      describe(client.name, () => {
        for (const ability of client.does) ABILITIES[ability](() => findings[client.name], client);
        test('the guide tells what it does', () => {
          expect(readFileSync(GUIDE, 'utf8')).toContain(`${rowOf(client)}\n`);
        });
      });
    }
    more(() => findings);
  });
}

/**
 * It trusts the server's authority as its system would, and gets what it is given on standard input: an
 * argument would be seen by everyone on the machine.
 */
async function run(
  [file = '', ...args]: readonly string[],
  clients: readonly StockClient[],
): Promise<Record<string, Findings>> {
  const given = await Promise.all(
    clients.map(async ({ name }) => [name, await lab.given()] as const),
  );
  const { caFile } = lab.signum.certificates;
  const trust = { SSL_CERT_FILE: caFile, REQUESTS_CA_BUNDLE: caFile, NODE_EXTRA_CA_CERTS: caFile };
  const program = spawn(file, args, {
    env: { ...process.env, ...trust, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const server = {
    issuer: lab.issuer,
    audience: AUDIENCE,
    client_id: CLIENT_ID,
    client_secret: lab.clientSecret,
    ca_file: caFile,
  };
  program.stdin.end(JSON.stringify({ ...server, ...Object.fromEntries(given) }));
  const [output, errors] = await Promise.all([text(program.stdout), text(program.stderr)]);
  if (!output.startsWith('{')) throw new Error(`${errors}${output}`);
  return JSON.parse(output);
}
