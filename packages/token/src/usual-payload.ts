import type { AccessClaims } from './claims.ts';

const ID = String.raw`[\w.@~+-]{1,256}`;
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** A whole number that a double holds. */
const INSTANT = String.raw`0|[1-9]\d{0,14}`;
const WORD = String.raw`[\w.:/@~+-]+`;
const CLIENT_ID = String.raw`[\w.:/@~+-]{1,256}`;

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
        `(?:,"scope":"(${WORD}(?: ${WORD})*)")?(?:,"client_id":"(${CLIENT_ID})")?\\}$`,
    );
  }

  /** What `readAccessPayload` would make of it; undefined if it is in any other form. */
  read(bytes: Buffer): AccessClaims | undefined {
    const match = this.#pattern.exec(bytes.toString('latin1'));
    if (match === null) return undefined;
    const [, aud = '', userId = '', tenantId = '', deviceId = '', sessionId = ''] = match;
    const [, , , , , , tokenId = '', iat, exp, scope, clientId] = match;
    return {
      device: { tenantId, userId, deviceId },
      sessionId,
      tokenId,
      issuedAtS: Number(iat),
      expiresAtS: Number(exp),
      scopes: scope === undefined ? [] : scope.split(' '),
      audiences: [aud],
      clientId,
      confirmation: undefined,
      custom: {},
    };
  }
}
