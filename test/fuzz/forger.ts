import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import { ALGORITHMS, type Algorithm, isAlgorithm } from '@signum/token';
import type { JWK } from 'jose';
import { generateJwk } from '../../src/signing/keys/generate-jwk.ts';
import { LocalSigner } from '../../src/signing/keys/local-signer.ts';
import type { Stage } from '../security/tokens/stage.ts';
import type { Random } from './random.ts';

/** A key that the service takes for its own. */
export interface RingMember {
  readonly keyId: string;
  readonly algorithm: Algorithm;
  readonly type: 'at+jwt' | 'rt+jwt';
}

/** A token that was signed with a key of the service's. */
export interface Signed {
  readonly token: string;
  readonly header: string;
  readonly payload: Buffer;
  readonly key: RingMember;
}

/** Signs whatever a mutator has written, with the service's keys or with an attacker's. */
export interface Forger {
  readonly ring: readonly RingMember[];
  /** Public keys in every form that could be mistaken for an HMAC secret. */
  readonly publicTexts: readonly Buffer[];
  /** With the service's key of this id, or any; always under the key's own algorithm. */
  asService(header: string, payload: Buffer, keyId: string | undefined): string;
  /** With a key that only the attacker has. */
  asAttacker(header: string, payload: Buffer, algorithm: unknown): string;
  /** What has been signed with the service's keys since the last time; forgets it. */
  takeSigned(): Signed | undefined;
}

/** RSA signatures take most of a millisecond: rarely worth one. */
const RSA_SHARE = 0.03;

export async function createForger(stage: Stage, random: Random): Promise<Forger> {
  const service = new LocalSigner();
  const attacker = new LocalSigner();
  const ring: RingMember[] = [];
  for (const jwk of Object.values(stage.jwks)) {
    const member = {
      keyId: jwk.kid ?? '',
      algorithm: jwk.alg as Algorithm,
      type: 'at+jwt',
    } as const;
    ring.push(member);
    service.add(member.keyId, member.algorithm, keyOf(jwk));
  }
  const refresh = {
    keyId: stage.refreshJwk.kid ?? '',
    algorithm: 'HS256',
    type: 'rt+jwt',
  } as const;
  ring.push(refresh);
  service.add(refresh.keyId, refresh.algorithm, keyOf(stage.refreshJwk));
  for (const algorithm of ALGORITHMS) {
    attacker.add(algorithm, algorithm, keyOf(await generateJwk(algorithm)));
  }
  const cheap = ring.filter(({ algorithm }) => !isRsa(algorithm));
  let signed: Signed | undefined;

  return {
    ring,
    publicTexts: Object.values(stage.jwks).flatMap(publicTextsOf),
    asService(header, payload, keyId) {
      const named = ring.find((member) => member.keyId === keyId);
      const affordable = named && (!isRsa(named.algorithm) || random.chance(RSA_SHARE));
      const key = affordable ? named : random.pick(cheap);
      const input = inputOf(header, payload);
      const token = `${input}.${base64url(service.sign(Buffer.from(input), key.keyId, key.algorithm))}`;
      signed = { token, header, payload, key };
      return token;
    },
    asAttacker(header, payload, algorithm) {
      const affordable = isAlgorithm(algorithm) && (!isRsa(algorithm) || random.chance(RSA_SHARE));
      const chosen = affordable ? algorithm : 'HS256';
      const input = inputOf(header, payload);
      return `${input}.${base64url(attacker.sign(Buffer.from(input), chosen, chosen))}`;
    },
    takeSigned() {
      const taken = signed;
      signed = undefined;
      return taken;
    },
  };
}

function inputOf(header: string, payload: Buffer): string {
  return `${base64url(Buffer.from(header))}.${base64url(payload)}`;
}

function isRsa(algorithm: Algorithm): boolean {
  return algorithm === 'RS256' || algorithm === 'PS256';
}

function keyOf(jwk: JWK) {
  if (jwk.kty === 'oct') return createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'));
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

function publicTextsOf(jwk: JWK): Buffer[] {
  if (jwk.kty === 'oct') return [];
  const key = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' }));
  const { d: _, ...publicJwk } = jwk;
  return [
    Buffer.from(key.export({ format: 'pem', type: 'spki' })),
    key.export({ format: 'der', type: 'spki' }),
    Buffer.from(JSON.stringify(publicJwk)),
    Buffer.from(jwk.n ?? jwk.x ?? '', 'base64url'),
    Buffer.from('secret'),
  ];
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
