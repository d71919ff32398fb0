import type { Corpus } from './corpus.ts';
import type { Signed } from './forger.ts';

/**
 * What a mutant is, worked out without the code under test. `identical` and `twin` must be accepted:
 * they mean what a token of the corpus means. `genuine` is one that a key of the service's has just
 * signed, in canonical form; it must be read as well. Everything else must be refused.
 */
export type Nature = 'identical' | 'twin' | 'genuine' | 'forged';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function natureOf(
  token: string,
  signed: Signed | undefined,
  corpus: Corpus,
  issuer: string,
): Nature {
  if (corpus.tokens.has(token)) return 'identical';
  if (corpus.twins.has(token)) return 'twin';
  if (token !== signed?.token || token.length > 4_096) return 'forged';
  return isCanonical(signed) && isComplete(signed, issuer) ? 'genuine' : 'forged';
}

function isCanonical({ header, payload, key }: Signed): boolean {
  const { algorithm, type, keyId } = key;
  if (header !== JSON.stringify({ alg: algorithm, typ: type, kid: keyId })) return false;
  const text = payload.toString();
  if (!Buffer.from(text).equals(payload)) return false;
  try {
    return JSON.stringify(JSON.parse(text)) === text && !/\\ud[89a-f]/.test(text);
  } catch {
    return false;
  }
}

function isComplete({ payload, key }: Signed, issuer: string): boolean {
  const claims: unknown = JSON.parse(payload.toString());
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return false;
  const all = claims as Readonly<Record<string, unknown>>;
  const of = (name: string): unknown => (Object.hasOwn(all, name) ? all[name] : undefined);
  if (of('iss') !== issuer) return false;
  if (!['sub', 'tid', 'did'].every((name) => isName(of(name)))) return false;
  const ids = key.type === 'at+jwt' ? ['sid', 'jti'] : ['sid', 'ati'];
  const numbers = key.type === 'at+jwt' ? ['iat', 'exp'] : ['iat', 'exp', 'gen'];
  if (!ids.every((name) => UUID.test(String(of(name))) && typeof of(name) === 'string'))
    return false;
  if (!numbers.every((name) => isWhole(of(name)))) return false;
  if (!isBoundAsKnown(of('cnf'))) return false;
  if (key.type === 'rt+jwt') return true;
  const nbf = of('nbf');
  return (
    (nbf === undefined || isWhole(nbf)) &&
    hasAudience(of('aud')) &&
    hasScopes(of('scope')) &&
    hasClient(of('client_id'))
  );
}

function hasClient(client: unknown): boolean {
  return client === undefined || (typeof client === 'string' && /^[ -~]{1,256}$/.test(client));
}

/** By one method, under a SHA-256 in base64url. */
function isBoundAsKnown(cnf: unknown): boolean {
  if (cnf === undefined) return true;
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return false;
  const [[method, thumbprint] = [], ...others] = Object.entries(cnf);
  if (others.length > 0 || (method !== 'jkt' && method !== 'x5t#S256')) return false;
  const bytes = Buffer.from(String(thumbprint), 'base64url');
  return bytes.length === 32 && bytes.toString('base64url') === thumbprint;
}

function isName(value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > 256) return false;
  return [...value].every((letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return code >= 0x20 && (code < 0x7f || code > 0x9f);
  });
}

function isWhole(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function hasAudience(aud: unknown): boolean {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return list.length > 0 && list.every((item) => typeof item === 'string' && item !== '');
}

function hasScopes(scope: unknown): boolean {
  return (
    scope === undefined || (typeof scope === 'string' && scope.split(' ').every((s) => s !== ''))
  );
}
