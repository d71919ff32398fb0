import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { JsonObject, RefreshClaims } from '@signum/token';
import {
  confirmationClaim,
  decodeSegment,
  HeaderReader,
  headerSegment,
  isId,
  isInstant,
  isUuid,
  REFRESH_TYPE,
  readCanonicalJson,
  readConfirmation,
  splitCompact,
} from '@signum/token';
import { SignumError } from '../../domain/errors.ts';
import type { RootSecrets } from '../../domain/root-secret.ts';

const ALGORITHM = 'HS256';

export interface RefreshTokenOptions {
  readonly issuer: string;
  readonly rootSecrets: RootSecrets;
}

interface RefreshKey {
  readonly header: string;
  readonly key: KeyObject;
}

/** Makes and reads refresh tokens. Their keys are derived from the root secrets and never leave. */
export class RefreshTokens {
  readonly #issuer: string;
  readonly #current: RefreshKey;
  readonly #keys: ReadonlyMap<string, RefreshKey>;
  readonly #headers = new HeaderReader();

  constructor({ issuer, rootSecrets }: RefreshTokenOptions) {
    this.#issuer = issuer;
    const keys = rootSecrets.all.map((secret) => ({
      id: secret.id,
      header: headerSegment(ALGORITHM, REFRESH_TYPE, secret.id),
      key: createSecretKey(secret.refreshKey().reveal()),
    }));
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#current = this.#keys.get(rootSecrets.current.id) as RefreshKey;
  }

  sign(claims: RefreshClaims): string {
    const payload = JSON.stringify({
      iss: this.#issuer,
      sub: claims.device.userId,
      tid: claims.device.tenantId,
      did: claims.device.deviceId,
      sid: claims.sessionId,
      ati: claims.tokenId,
      gen: claims.generation,
      iat: claims.issuedAtS,
      exp: claims.expiresAtS,
      ...confirmationClaim(claims.confirmation),
    });
    const input = `${this.#current.header}.${Buffer.from(payload).toString('base64url')}`;
    return `${input}.${hmac(this.#current.key, input).toString('base64url')}`;
  }

  /** Throws TOKEN_INVALID for everything but a token that was signed here. Expiry is not judged. */
  read(token: string): RefreshClaims {
    const claims = this.#read(token);
    if (claims === undefined) throw new SignumError('TOKEN_INVALID', 'not a refresh token of ours');
    return claims;
  }

  /** Whether a token's header is that of a refresh token. Never throws. */
  looksLike(token: string): boolean {
    const compact = splitCompact(token);
    return compact !== undefined && this.#headers.read(compact.header)?.type === REFRESH_TYPE;
  }

  /** The payload is parsed only once its signature is known to be right. */
  #read(token: string): RefreshClaims | undefined {
    const compact = splitCompact(token);
    const header = compact && this.#headers.read(compact.header);
    if (header?.type !== REFRESH_TYPE || header.algorithm !== ALGORITHM) return undefined;
    const key = this.#keys.get(header.keyId)?.key;
    const signature = decodeSegment(compact?.signature ?? '');
    if (key === undefined || signature === undefined) return undefined;
    const expected = hmac(key, token.slice(0, token.lastIndexOf('.')));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      return undefined;
    }
    const payloadBytes = decodeSegment(compact?.payload ?? '');
    const payload = payloadBytes && readCanonicalJson(payloadBytes);
    return payload?.['iss'] === this.#issuer ? readClaims(payload) : undefined;
  }
}

function readClaims(payload: JsonObject): RefreshClaims | undefined {
  const { sub, tid, did, sid, ati, gen, iat, exp, cnf } = payload;
  const confirmation = readConfirmation(cnf);
  if (confirmation === undefined && cnf !== undefined) return undefined;
  if (!isId(sub) || !isId(tid) || !isId(did) || !isUuid(sid) || !isUuid(ati)) return undefined;
  if (!isInstant(gen) || !isInstant(iat) || !isInstant(exp)) return undefined;
  return {
    device: { tenantId: tid, userId: sub, deviceId: did },
    sessionId: sid,
    tokenId: ati,
    confirmation,
    generation: gen,
    issuedAtS: iat,
    expiresAtS: exp,
  };
}

function hmac(key: KeyObject, input: string): Buffer {
  return createHmac('sha256', key).update(input).digest();
}
