import { ecdsaTwin, forge, partsOf } from '../security/tokens/forge.ts';
import type { Stage } from '../security/tokens/stage.ts';
import { AUDIENCE, TokenService } from '../setup/server.ts';
import { issued } from '../wire/issued.ts';

/** A good token to start from. */
export interface Seed {
  readonly token: string;
  readonly kind: 'access' | 'refresh';
  readonly segments: readonly [header: string, payload: string, signature: string];
  readonly headerText: string;
  readonly payloadText: string;
  readonly signature: Buffer;
}

export interface Corpus {
  readonly seeds: readonly Seed[];
  /** The seeds' texts: the only ones to accept, but for the twins. */
  readonly tokens: ReadonlySet<string>;
  /**
   * Those of the seeds that Signum has issued, access tokens, and their twins: what Validate calls
   * active. The others are under keys that are not the ones their sessions name.
   */
  readonly active: ReadonlySet<string>;
  /**
   * The other signature that ECDSA has for each ES256 seed. It verifies by its nature, and harms
   * nobody: header and payload are the same, and what decides is the state of the `jti` in there. It
   * is good exactly as long as the seed, and revoking either revokes both.
   */
  readonly twins: ReadonlySet<string>;
}

const SHAPES = [
  {},
  { scopes: ['read'] },
  { scopes: ['read', 'write', 'a:b'], claims: { plan: 'gold', level: 7, nested: { a: [1, 'é'] } } },
  { audiences: [AUDIENCE], claims: { __proto__x: 1, text: '"\\\u2028😀' } },
];
const USERS = ['ada', 'Zoë 😀', 'a:b{c}*%', '"quoted\\"'];

/** Live sessions of the stage, their tokens signed by every key of the ring, and refresh tokens. */
export async function collectCorpus(stage: Stage): Promise<Corpus> {
  const tokens = stage.server.client(TokenService);
  const seeds: Seed[] = [];
  const twins = new Set<string>();
  const active = new Set<string>();
  for (const [index, wish] of SHAPES.entries()) {
    const device = { tenantId: 'acme', userId: USERS[index] ?? 'u', deviceId: `d${index}` };
    const pair = await issued(tokens, device, wish);
    const { payload } = partsOf(pair.accessToken);
    const resigned = Object.values(stage.jwks)
      .filter(({ alg }) => alg !== 'ES256')
      .map((jwk) => forge({ alg: jwk.alg, typ: 'at+jwt', kid: jwk.kid }, payload, jwk));
    for (const token of [pair.accessToken, ...resigned]) seeds.push(seedOf(token, 'access'));
    seeds.push(seedOf(pair.refreshToken, 'refresh'), seedOf(pair.refreshToken, 'refresh'));
    const twin = ecdsaTwin(pair.accessToken);
    twins.add(twin);
    active.add(pair.accessToken).add(twin);
  }
  return { seeds, tokens: new Set(seeds.map(({ token }) => token)), active, twins };
}

function seedOf(token: string, kind: Seed['kind']): Seed {
  const segments = partsOf(token).raw;
  const text = (segment: string) => Buffer.from(segment, 'base64url').toString();
  return {
    token,
    kind,
    segments,
    headerText: text(segments[0]),
    payloadText: text(segments[1]),
    signature: Buffer.from(segments[2], 'base64url'),
  };
}
