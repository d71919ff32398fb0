import { readAccessPayload } from './access-payload.ts';
import { isAlgorithm } from './algorithm.ts';
import { decodeSegment, splitCompact } from './compact.ts';
import { PlainPayloads } from './plain-payload.ts';
import type { UnverifiedAccess } from './signing.ts';
import { ACCESS_TYPE, HeaderReader } from './token-header.ts';

/** Reads access tokens of one issuer without looking at their signatures; see `Signing.readAccess`. */
export class AccessReader {
  readonly #issuer: string;
  readonly #headers = new HeaderReader();
  readonly #plain: PlainPayloads;

  constructor(issuer: string) {
    this.#issuer = issuer;
    this.#plain = new PlainPayloads(issuer);
  }

  read(token: string): UnverifiedAccess | 'MALFORMED' | 'WRONG_ISSUER' {
    const compact = splitCompact(token);
    const header = compact && this.#headers.read(compact.header);
    if (header?.type !== ACCESS_TYPE || !isAlgorithm(header.algorithm)) return 'MALFORMED';
    const payload = decodeSegment(compact?.payload ?? '');
    if (payload === undefined || decodeSegment(compact?.signature ?? '') === undefined) {
      return 'MALFORMED';
    }
    const claims = this.#plain.read(payload) ?? readAccessPayload(payload, this.#issuer);
    if (typeof claims === 'string') return claims;
    return { claims, keyId: header.keyId, algorithm: header.algorithm };
  }
}
