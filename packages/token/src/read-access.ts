import { readAccessPayload } from './access-payload.ts';
import { isAlgorithm } from './algorithm.ts';
import type { AccessClaims } from './claims.ts';
import { ACCESS_TYPE, decodeSegment, HeaderReader, splitCompact } from './compact.ts';
import { UsualPayloads } from './usual-payload.ts';

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
