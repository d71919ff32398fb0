import { readAccessPayload } from './access-payload.ts';
import { isAlgorithm } from './algorithm.ts';
import type { AccessClaims } from './claims.ts';
import { ACCESS_TYPE, decodeSegment, HeaderReader, splitCompact } from './compact.ts';
import { OPTIONAL_CLAIMS, type OptionalClaims } from './grant-claims.ts';

const ID = String.raw`[\w.@~+-]{1,256}`;
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** A whole number that a double holds. */
const INSTANT = String.raw`0|[1-9]\d{0,14}`;
const WORD = String.raw`[\w.:/@~+-]+`;

/** The optional claims that a payload in the usual form may have, in its order. */
const USUAL = OPTIONAL_CLAIMS.flatMap(({ name, member, usual }) =>
  usual === undefined ? [] : [{ name, member, ...usual }],
);
const OPTIONAL = USUAL.map(({ name, pattern }) => `(?:,"${name}":${pattern})?`).join('');
/** Claims while they are read. */
type Draft = { -readonly [M in keyof OptionalClaims]?: unknown };

/** Where the groups of OPTIONAL begin. */
const FIRST_OPTIONAL = 10;

/** An access token in canonical form whose signature has not been looked at yet. */
export interface UnverifiedAccess {
  readonly claims: AccessClaims;
  readonly keyId: string;
  /** The algorithm that the header names; it must be the one its key is bound to. */
  readonly algorithm: string;
}

/** Reads access tokens of one issuer strictly: neither signature nor expiry nor audience. */
export class AccessReader {
  readonly #issuer: string;
  readonly #headers = new HeaderReader();
  readonly #usual: UsualPayloads;

  constructor(issuer: string) {
    this.#issuer = issuer;
    this.#usual = new UsualPayloads(issuer);
  }

  read(token: string): UnverifiedAccess | 'MALFORMED' | 'WRONG_ISSUER' {
    const compact = splitCompact(token);
    const header = compact && this.#headers.read(compact.header);
    if (header?.type !== ACCESS_TYPE || !isAlgorithm(header.algorithm)) return 'MALFORMED';
    const payload = decodeSegment(compact?.payload ?? '');
    if (payload === undefined || decodeSegment(compact?.signature ?? '') === undefined) {
      return 'MALFORMED';
    }
    const claims = this.#usual.read(payload) ?? readAccessPayload(payload, this.#issuer);
    if (typeof claims === 'string') return claims;
    return { claims, keyId: header.keyId, algorithm: header.algorithm };
  }
}

/**
 * Reads payloads of access tokens in the form that Signum gives nearly all of them: the claims in its
 * order, one audience, no key, no custom claims, nothing that JSON would escape. One match takes a fifth of
 * parsing it, writing it again to compare, and looking at each claim.
 */
export class UsualPayloads {
  readonly #pattern: RegExp;

  constructor(issuer: string) {
    const iss = RegExp.escape(Buffer.from(JSON.stringify(issuer)).toString('latin1'));
    this.#pattern = new RegExp(
      `^\\{"iss":${iss},"aud":"(${WORD})","sub":"(${ID})","tid":"(${ID})","did":"(${ID})",` +
        `"sid":"(${UUID})","jti":"(${UUID})","iat":(${INSTANT}),"exp":(${INSTANT})` +
        `(?:,"scope":"(${WORD}(?: ${WORD})*)")?${OPTIONAL}\\}$`,
    );
  }

  /** What `readAccessPayload` would make of it; undefined if it is in any other form. */
  read(bytes: Buffer): AccessClaims | undefined {
    const match = this.#pattern.exec(bytes.toString('latin1'));
    if (match === null) return undefined;
    const [, aud = '', userId = '', tenantId = '', deviceId = '', sessionId = ''] = match;
    const [, , , , , , tokenId = '', iat, exp, scope] = match;
    const claims: AccessClaims = {
      device: { tenantId, userId, deviceId },
      sessionId,
      tokenId,
      issuedAtS: Number(iat),
      expiresAtS: Number(exp),
      scopes: scope === undefined ? [] : scope.split(' '),
      audiences: [aud],
      claims: {},
    };
    for (let i = 0; i < USUAL.length; i += 1) {
      const text = match[FIRST_OPTIONAL + i];
      const claim = USUAL[i];
      if (text === undefined || claim === undefined) continue;
      (claims as Draft)[claim.member] = claim.read(text);
    }
    return claims;
  }
}
