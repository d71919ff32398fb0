import type { Seed } from '../corpus.ts';
import type { Random } from '../random.ts';
import type { Mutator, Workshop } from './mutator.ts';

type Json = Record<string, unknown>;

const HEADER_VALUES: Json = {
  alg: ['none', 'None', 'HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'EdDSA', 'ES512', '', null, ['ES256']],
  typ: ['JWT', 'at+jwt', 'rt+jwt', 'AT+JWT', 'application/at+jwt', '', null, 7],
  kid: ['', '../key', '__proto__', 'constructor', "'; --", 'k'.repeat(5_000), null, 0, {}],
  crit: [['exp'], ['b64'], [], 'exp'],
  b64: [false, true],
  zip: ['DEF'],
  cty: ['JWT', 'at+jwt'],
  jku: ['http://127.0.0.1:9/jwks.json'],
  x5u: ['http://127.0.0.1:9/cert.pem'],
  x5c: [['MIIB']],
  jwk: [{ kty: 'oct', k: 'AAAA' }],
}; // biome-ignore format: a table
const CLAIM_NAMES = [
  'iss', 'aud', 'sub', 'tid', 'did', 'sid', 'jti', 'iat', 'exp', 'nbf', 'scope', 'ati', 'gen', 'plan',
  '__proto__', 'constructor', 'toJSON', '', '0', 'ex\u0000p', 'cnf', 'client_id',
]; // biome-ignore format: a list
const CLAIM_VALUES: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, 9_999_999_999, 2 ** 53, 1e300, -0, '', 'x', '9999999999', 'root', '*',
  'a\u0000b', '\ud800', '{0}', 'a:b', 'é', '😀', 'x'.repeat(257), 'x'.repeat(4_000), [], {}, [''], ['a', 'b'],
  { a: { b: [] } }, '01923ac0-0000-7000-8000-000000000002', '01923AC0-0000-7000-8000-000000000002',
]; // biome-ignore format: a list

/** Rewrites header and payload as JSON, and signs the result, or not. */
export const JSON_MUTATORS: Readonly<Record<string, Mutator>> = {
  'header members': (shop, seed) => {
    const header = editMembers(shop.random, JSON.parse(seed.headerText), headerMember(shop));
    return sign(shop, seed, JSON.stringify(header), Buffer.from(seed.payloadText));
  },
  'header text': (shop, seed) =>
    sign(shop, seed, editText(shop.random, seed.headerText), Buffer.from(seed.payloadText)),
  claims: (shop, seed) => {
    const claims = editMembers(shop.random, JSON.parse(seed.payloadText), (random) => [
      random.pick(CLAIM_NAMES),
      random.pick(CLAIM_VALUES),
    ]);
    return sign(shop, seed, seed.headerText, Buffer.from(JSON.stringify(claims)));
  },
  'claims text': (shop, seed) =>
    sign(shop, seed, seed.headerText, Buffer.from(editText(shop.random, seed.payloadText))),
  'claims bytes': (shop, seed) => {
    const bytes = Buffer.from(seed.payloadText);
    bytes[shop.random.int(bytes.length)] = shop.random.int(256);
    return sign(shop, seed, seed.headerText, bytes);
  },
  'header and claims of two tokens': (shop, seed) => {
    const other = shop.random.pick(shop.corpus.seeds);
    return sign(shop, seed, other.headerText, Buffer.from(seed.payloadText));
  },
};

/** The old signature, an attacker's, or one by the service's own key over the altered token. */
function sign({ random, forger }: Workshop, seed: Seed, header: string, payload: Buffer): string {
  if (random.chance(0.25)) {
    const head = Buffer.from(header).toString('base64url');
    return `${head}.${payload.toString('base64url')}.${seed.segments[2]}`;
  }
  const named = memberOf(header);
  if (random.chance(0.4)) return forger.asAttacker(header, payload, named['alg']);
  const { kid } = named;
  return forger.asService(header, payload, typeof kid === 'string' ? kid : undefined);
}

function memberOf(header: string): Json {
  try {
    return (JSON.parse(header) ?? {}) as Json;
  } catch {
    return {};
  }
}

function headerMember({ forger }: Workshop) {
  return (random: Random): readonly [string, unknown] => {
    const name = random.pick(Object.keys(HEADER_VALUES));
    if (name === 'kid' && random.chance(0.5)) return [name, random.pick(forger.ring).keyId];
    return [name, random.pick(HEADER_VALUES[name] as unknown[])];
  };
}

/** Sets, removes, renames or moves one member, sometimes several. */
function editMembers(
  random: Random,
  object: Json,
  member: (random: Random) => readonly [string, unknown],
): unknown {
  let entries = Object.entries(object);
  for (let i = random.chance(0.7) ? 1 : 3; i > 0; i -= 1) {
    const at = random.int(entries.length);
    const [name, value] = member(random);
    switch (random.int(7)) {
      case 0:
        entries = entries.filter((_, index) => index !== at);
        break;
      case 1:
        entries = entries.map(([old, kept], index) => [index === at ? name : old, kept]);
        break;
      case 2:
        entries = entries.toReversed();
        break;
      case 3:
        entries = entries.map(([kept, old], index) => [kept, index === at ? value : old]);
        break;
      case 4:
        entries = entries.map(([kept, old]) => [kept, kept === name ? value : old]);
        break;
      default:
        entries = [...entries.filter(([old]) => old !== name), [name, value]];
    }
  }
  if (random.chance(0.02)) return random.pick<unknown>([entries, null, 1, 'text', [object]]);
  return Object.fromEntries(entries);
}

/** Changes JSON text in ways that a lenient reader may not see. */
function editText(random: Random, text: string): string {
  const [name = 'exp'] = random.pick([...text.matchAll(/"([a-z]+)":/g)])?.slice(1) ?? [];
  const edits = [
    () => text.replace('{', `{"${name}":${random.pick(['1', '"x"', 'null', '9999999999'])},`),
    () => text.replace(/}$/, `,"${name}":${random.pick(['1', '"x"', 'null', '9999999999'])}}`),
    () => text.replace(random.pick([',', ':', '{', '}']), (found) => `${found} `),
    () => `${random.pick([' ', '\n', '\ufeff', '\0', '[', '/**/'])}${text}`,
    () => `${text}${random.pick([' ', '\n', '\0', ']', '{}', ','])}`,
    () =>
      text.replace(
        `"${name}"`,
        `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`,
      ),
    () =>
      text.replace(
        /:(\d+)/,
        (_, digits) => `:${digits}${random.pick(['.0', 'e0', 'E+0', '.5', 'e400', '0'])}`,
      ),
    () => text.replace(/:(\d+)/, (_, digits) => `:${random.pick(['-', '0', '+', '"'])}${digits}`),
    () => text.replace('":"', `":"${random.pick(['\\ud800', '\\u0000', '\\/', '\\u0041'])}`),
    () => text.replaceAll('"', "'"),
    () => text.slice(0, random.int(text.length)),
  ];
  return random.pick(edits)();
}
